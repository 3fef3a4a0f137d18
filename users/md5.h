/*
 * md5 - the sums of CRAM-MD5 and DIGEST-MD5, and what is stored for them in
 * place of the password.
 */
#ifndef USERS_MD5_H
#define USERS_MD5_H

#include "lib/bytes.h"

#define MD5_LEN 16	    /* octets */
#define MD5_HEX_LEN 32	    /* digits */
#define MD5_CONTEXTS_LEN 32 /* octets */

/*
 * HMAC-MD5 keyed with a password, before it has read any text: the outer
 * context, then the inner one, as Dovecot's {CRAM-MD5} has them (RFC 2195
 * §3 allows to keep these in place of the password).
 */
void md5_contexts(struct slice password, unsigned char *contexts);

/* HMAC-MD5 of the text, from those contexts. */
void md5_hmac(
	const unsigned char *contexts, struct slice text, unsigned char *out);

/* H(login:realm:password), RFC 2831 §2.1.2.1: what {DIGEST-MD5} stores. */
void md5_user(struct slice login, struct slice realm, struct slice password,
	unsigned char *out);

/*
 * The same of login and password in ISO 8859-1, each where it has that form
 * (RFC 2831 §2.1.2.1; some clients do so, some do not). False when that is
 * no other form, as for ASCII.
 */
bool md5_user_latin1(struct slice login, struct slice realm,
	struct slice password, unsigned char *out);

/* What one DIGEST-MD5 exchange hashes beside the user's own. */
struct md5_digest {
	struct slice nonce, cnonce, nc, uri;
	struct slice authzid; /* absent: none was sent */
};

/*
 * RFC 2831 §2.1.2.1, qop=auth: MD5_HEX_LEN digits in lower case. user: what
 * md5_user() gave; method: "AUTHENTICATE", or "" for the server's rspauth.
 */
void md5_response(const struct md5_digest *d, const unsigned char *user,
	const char *method, char *digits);

#endif
