/* madeup - a stored secret for those users who do not exist. */
#ifndef PASSWD_MADEUP_H
#define PASSWD_MADEUP_H

#include "passwd/census.h"

/*
 * Where the salt of a crypt string stands, crypt(5): what comes before it
 * is the same in strings of the same cost.
 */
struct slice madeup_crypt_salt(struct slice text);

/*
 * Appends a secret that costs what the class does, of octets that follow from
 * the key and tell nothing of it; class NULL: SCRAM-SHA-256. Returns 0, or -1
 * when it cannot be made.
 */
int madeup_secret(
	const struct census_class *class, struct slice key, struct buffer *out);

#endif
