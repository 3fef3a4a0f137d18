/*
 * standard - descriptors 0, 1 and 2, whatever the launcher left of them.
 *
 * One that is closed gets the number of the next file or socket that is
 * opened: what is written to the client or the log would go there, and a
 * process that keeps 0 and 1 alone would keep it. Called by every program
 * before it opens anything.
 */
#ifndef LIB_STANDARD_H
#define LIB_STANDARD_H

#include <stdbool.h>
#include <sys/types.h>

struct standard {
	bool closed; /* it was; the rest is what stands there now */
	mode_t mode;
	dev_t device;
	ino_t inode;
};

/*
 * Opens those that are closed on /dev/null, and tells what all three are.
 * Returns 0; or -1 with errno where /dev/null cannot be opened: then their
 * numbers are taken by what can be neither read nor written, and the caller
 * says why it ends.
 */
int standard_open(struct standard s[3]);

/* Would what is written to 2 come out at 0 or 1, or nowhere? */
bool standard_error_is_taken(const struct standard s[3]);

/* Is 1 neither socket nor terminal: a TLS helper's or recordio's pipe? */
bool standard_output_is_piped(const struct standard s[3]);

/*
 * Ends what 1 is. Behind a pipe there may be a helper that ends with us: it
 * has ms to send what it holds and to end our input, of which nothing is
 * read.
 */
void standard_end_output(const struct standard s[3], int ms);

#endif
