/* record - change one user's line of authusers(5), leaving the rest as is. */
#ifndef PASSWD_RECORD_H
#define PASSWD_RECORD_H

#include "users/secret.h"
#include "lib/buffer.h"

#define RECORD_ITERATIONS_MIN 4096 /* RFC 5802 §5.1, RFC 7677 §4 */

/* Weaker secrets that are stored too when asked for: bits. */
#define RECORD_CRAM_MD5 1U
#define RECORD_DIGEST_MD5 2U

/* A password to store. */
struct record_password {
	struct slice label; /* of the app password; empty: the login's own */
	struct slice password;
	struct slice login; /* with realm, for DIGEST-MD5 */
	struct slice realm;
	unsigned weaker;
	uint32_t iterations; /* of SCRAM; afterwards those of SCRAM-SHA-256 */
};

/* Appends the stored form of a SCRAM secret: {SCRAM-SHA-1}4096,... */
void record_add_secret(struct buffer *out, const struct secret *secret);

/*
 * Appends old (absent for a new user) with a password in place of the one of
 * that label. The login's own is {SCRAM-SHA-256} in field 2 and other forms
 * in field 5, all of which are replaced; an app password's forms stand in
 * field 5 under one label. Secrets that stay lend salt and count to new ones
 * of their hash. Returns 0, or -1 without randomness.
 */
int record_set_password(
	struct buffer *out, struct slice old, struct record_password *p);

/* Appends old without the secrets and the date of a label. */
void record_drop_label(
	struct buffer *out, struct slice old, struct slice label);

/* Appends old with another date for a label; absent: none. */
void record_expire(struct buffer *out, struct slice old, struct slice label,
	struct slice date);

/* Appends old with another list of senders; absent: none. */
void record_set_sender(
	struct buffer *out, struct slice old, struct slice senders);

/* The value of smtp_sender=, or the absent slice. */
struct slice record_sender(struct slice record);

/* Appends old with or without the mark in front that disables. */
void record_set_disabled(struct buffer *out, struct slice old, bool disabled);

/* Appends old without any word that is ours: what Dovecot should see. */
void record_without_ours(struct buffer *out, struct slice old);

#endif
