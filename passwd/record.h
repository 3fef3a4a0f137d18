/* record - change one user's line of authusers(5), leaving the rest as is. */
#ifndef PASSWD_RECORD_H
#define PASSWD_RECORD_H

#include "auth/users.h"
#include "lib/buffer.h"

#define RECORD_ITERATIONS_MIN 4096 /* RFC 5802 §5.1, RFC 7677 §4 */

/* Appends the stored form of a SCRAM secret: {SCRAM-SHA-1}4096,... */
void record_add_secret(struct buffer *out, const struct secret *secret);

/*
 * Appends old (absent for a new user) with a new password: {SCRAM-SHA-256}
 * in field 2, {SCRAM-SHA-1} in field 5, the old password's other forms gone.
 * App passwords of the same hash lend their salt and *iterations, which then
 * tells the count of SCRAM-SHA-256. Returns 0, or -1 without randomness.
 */
int record_set_password(struct buffer *out, struct slice old,
	struct slice password, uint32_t *iterations);

#endif
