/*
 * cure - commands that mend certificates and keys, for what certificates.c
 * finds. None writes over a file that is there.
 */
#ifndef CHECK_CURE_H
#define CHECK_CURE_H

#include "check/check.h"

/* A pair of files: in the control directory, or in one below servercerts. */
struct cure_place {
	const char *directory; /* below the control directory: "" or "a/b/" */
	const char *name;      /* that it is to be made out for */
};

/* The path of a file of a pair; not quoted, nor is cure_key()'s. */
const char *cure_path(const struct check *c, const struct cure_place *place,
	const char *file);

/* The file that holds the key. */
const char *cure_key(const struct check *c, const struct cure_place *place);

/* Moves a file out of the way; the path is not quoted, nor are those below. */
const char *cure_aside(const char *path);

/* Writes what a command prints; what was there is kept. */
const char *cure_over(const char *path, const char *command);

/* Moves a file to where there may be another. */
const char *cure_move(const char *from, const char *to);

/* A certificate in its place: certbot's that is there, else a new one. */
const char *cure_new(const struct check *c, const struct cure_place *place);

/* The same for one that is too old. */
const char *cure_renew(const struct check *c, const struct cure_place *place);

/* The same on a server that is seen from outside. */
const char *cure_live(const struct check *c, const char *name);

/* Another key, or another certificate. */
const char *cure_differ(const struct check *c, const struct cure_place *place);

/* The certificate of this number goes to the front. */
const char *cure_order(const struct check *c, const struct cure_place *place,
	const char *first);

/* Without the certificate of this number and those behind it. */
const char *cure_long(const struct check *c, const struct cure_place *place,
	const char *last);

/* The key without its password. */
const char *cure_encrypted(
	const struct check *c, const struct cure_place *place);

/* Can the account not open this directory? */
bool cure_is_denied(const struct check *c, const char *directory);

/* The account can read the pair. */
const char *cure_denied(const struct check *c, const struct cure_place *place);

/* Nobody but the account, or root, can read the key. */
const char *cure_readable_key(
	const struct check *c, const struct cure_place *place);

#endif
