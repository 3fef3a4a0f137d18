/* compile - a text of users, authusers(5), to the cdb the server reads. */
#ifndef PASSWD_COMPILE_H
#define PASSWD_COMPILE_H

#include "passwd/userfile.h"

struct compile {
	struct userfile *file; /* for names, warnings and the message */
	struct slice text;
	unsigned char key[USERS_SITE_KEY_LEN];
	bool lenient; /* a bad line is left out with a warning */
};

/*
 * Writes the cdb to fd, open for reading and writing; so is spill, a file
 * without a name for what does not stay in memory. Returns 0, or -1 with the
 * file's message set. Takes some 2 MB however many users there are, unless a
 * login is there twice: then some 32 octets a line, to tell which lines.
 */
int compile_text(
	const struct compile *c, int fd, int spill, struct census *census);

/*
 * The site key: the text's own, else that of the old cdb, else a new one.
 * *add: the text lacks it. Made once; another one would show by changed
 * salts which users are not there.
 */
int compile_key(struct compile *c, bool *add);

/* Is it the comment that holds the key? */
bool compile_is_key(const struct userfile_line *line);

/* The line that holds the key, with its LF. */
void compile_key_line(struct buffer *out, const unsigned char *key);

#endif
