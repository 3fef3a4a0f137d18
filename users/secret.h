/*
 * secret - one stored secret: {SCHEME}value, and checking a password by it.
 *
 * Known for now: {SCRAM-SHA-256} {SCRAM-SHA-1} (RFC 5802, 7677; Dovecot's
 * "iterations,salt,StoredKey,ServerKey" with base64), {CRYPT} and its
 * aliases {SHA512-CRYPT} {SHA256-CRYPT} {BLF-CRYPT} {MD5-CRYPT} {DES-CRYPT}
 * and no scheme at all (crypt(5)), {PLAIN} {CLEARTEXT} {CLEAR}, {CRAM-MD5}
 * (64 hexadecimal digits, see md5.h), {DIGEST-MD5} (REALM, a comma, 32 digits:
 * H(login:REALM:password)), {CERT-SHA256} (64 digits: a certificate's
 * fingerprint). Scheme names without case. Any other is SECRET_UNKNOWN, and
 * so is a crypt string that begins with "*" or "!": it never matches.
 */
#ifndef USERS_SECRET_H
#define USERS_SECRET_H

#include <nettle/nettle-meta.h>

#include "lib/bytes.h"

#define SECRET_HASH_MAX 32	      /* octets: SHA-256, two of MD5 */
#define SECRET_SALT_MAX 64	      /* octets */
#define SECRET_ITERATIONS_MAX 1000000 /* PBKDF2, RFC 5802 "i" */
#define SECRET_PASSWORD_MAX 511	      /* octets: libxcrypt's limit, for all */

enum secret_kind {
	SECRET_UNKNOWN,
	SECRET_SCRAM_SHA_256,
	SECRET_SCRAM_SHA_1,
	SECRET_CRYPT,
	SECRET_PLAIN,
	SECRET_CRAM_MD5,
	SECRET_DIGEST_MD5,
	SECRET_CERT_SHA256
};

/* Sets of kinds; and those that a password can be compared with. */
#define SECRET_BIT(kind) (1u << (kind))
#define SECRET_PASSWORDS                                                       \
	(SECRET_BIT(SECRET_SCRAM_SHA_256) | SECRET_BIT(SECRET_SCRAM_SHA_1) |   \
		SECRET_BIT(SECRET_CRYPT) | SECRET_BIT(SECRET_PLAIN) |          \
		SECRET_BIT(SECRET_CRAM_MD5))

struct secret {
	enum secret_kind kind;
	/* CRYPT: the string; PLAIN: the password; DIGEST_MD5: the realm */
	struct slice text;
	/* CRAM_MD5: contexts; DIGEST_MD5: hash; CERT_SHA256: fingerprint */
	unsigned char octets[SECRET_HASH_MAX];
	/* SCRAM */
	uint32_t iterations;
	unsigned char salt[SECRET_SALT_MAX];
	size_t salt_len;
	unsigned char stored_key[SECRET_HASH_MAX];
	unsigned char server_key[SECRET_HASH_MAX];
};

enum secret_result {
	SECRET_MATCH,
	SECRET_MISMATCH,
	SECRET_NO_MEMORY /* the hash needs more than the limits give: 454 */
};

/*
 * Parses a stored secret; slices point into text. 0, or -1 when the value
 * does not have its scheme's form or costs more than the caps allow; secret
 * is then SECRET_UNKNOWN.
 */
int secret_parse(struct secret *secret, struct slice text);

/* Is it of one of these kinds? */
bool secret_is(const struct secret *secret, unsigned kinds);

/* In constant time where the kind compares; wipes what it derived. */
enum secret_result secret_check(
	const struct secret *secret, struct slice password);

/*
 * The same for the next one of several secrets: what was derived from the
 * password is kept in derived ({0} at first, wiped by the caller) and serves
 * all that share salt and count, so that ten cost no more than one.
 */
enum secret_result secret_check_next(const struct secret *secret,
	struct slice password, struct secret *derived);
bool secret_shares_derived(const struct secret *a, const struct secret *b);

/* RFC 5802 §3 with the kind's hash; used by the mechanism and the tool. */
const struct nettle_hash *secret_hash(enum secret_kind kind);
size_t secret_hash_len(enum secret_kind kind);
void secret_digest(
	enum secret_kind kind, struct slice text, unsigned char *out);
void secret_hmac(const struct nettle_hash *hash, struct slice key,
	struct slice text, unsigned char *out);
void secret_derive(struct secret *secret, struct slice password);

#endif
