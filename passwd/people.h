/* people - a change of one thing about a user who is there. */
#ifndef PASSWD_PEOPLE_H
#define PASSWD_PEOPLE_H

#include "passwd/passwd.h"

/* What a command makes of the user's record. */
struct people_step {
	void (*change)(struct buffer *out, struct slice old,
		const struct passwd_request *r);
	bool lenient; /* bad lines of others must not stop it */
	bool both;    /* it takes the user's other line, too */
};

/* Opens the file and finds the user; afterwards f is to be closed. */
int people_open(struct userfile *f, struct passwd_request *r, bool to_change,
	struct userfile_line *line);

/* Writes what the step makes of the old record; user is what is there then. */
int people_write(struct userfile *f, const struct passwd_request *r,
	const struct people_step *step, struct slice old, struct user *user);

#endif
