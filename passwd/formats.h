/*
 * formats - one line of another program's user file to one user. No I/O: a
 * line goes in, a user or a reason comes out.
 */
#ifndef PASSWD_FORMATS_H
#define PASSWD_FORMATS_H

#include "lib/bytes.h"

#define FORMATS_TEXT_MAX 1024 /* octets of a line that had to be decoded */

/* What is read, and what stays from one line to the next. */
struct formats_source {
	struct slice text;   /* the whole file */
	struct slice domain; /* of the file's users, or absent */
	int64_t seconds; /* now, since 1970: accounts may be past their time */
	bool is_dump;	 /* sasldb: of db_dump */
	bool is_hex;	 /* its octets are pairs of digits */
	bool in_data;	 /* its header is over */
	bool has_key;	 /* its next line is a value */
	char key[FORMATS_TEXT_MAX];
	size_t key_len;
	char value[FORMATS_TEXT_MAX]; /* what a user's slices may point into */
};

/* A user as the other program has it. Slices point into line or source. */
struct formats_user {
	struct slice login;  /* maybe without a domain */
	struct slice record; /* a whole record of authusers(5); or */
	struct slice secret; /* a stored secret, as it goes into field 2; or */
	struct slice clear;  /* the password; or nothing at all */
	bool disabled;
	const char *note; /* what the administrator should know, or NULL */
};

struct formats_row {
	const char *name;
	/*
	 * Fills user; returns NULL, the reason why the line is refused, or
	 * formats_nothing for a comment and the like.
	 */
	const char *(*take)(struct formats_source *source, struct slice line,
		struct formats_user *user);
};

extern const char formats_nothing[];

/* NULL when there is no such format. */
const struct formats_row *formats_find(struct slice name);

/* Why nobody can log in by a stored secret; NULL when one can. */
const char *formats_secret_fault(struct slice secret);

#endif
