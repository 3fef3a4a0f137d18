/* options - the command line of smtpd-auth. */
#ifndef CONTROL_OPTIONS_H
#define CONTROL_OPTIONS_H

#include <stdbool.h>
#include <sys/types.h>

#define OPTIONS_PROGRAM "smtpd-auth"

struct options {
	bool smtps;
	const char *account;
	const char *directory;
	uid_t base;
	char **program; /* checkpassword and its arguments, or NULL */
};

/*
 * Reads the command line. Does not return where it is wrong, nor with -h and
 * -V: the text that answers it is printed, and the program ends.
 */
void options_read(int argc, char **argv, struct options *options);

#endif
