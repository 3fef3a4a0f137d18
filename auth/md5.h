/*
 * md5 - the sums of CRAM-MD5 and DIGEST-MD5, and what is stored for them in
 * place of the password.
 */
#ifndef AUTH_MD5_H
#define AUTH_MD5_H

#include "lib/bytes.h"

#define MD5_LEN 16	    /* octets */
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

/* H(login:realm:password), RFC 2831 §2.1.2.1. */
void md5_user(struct slice login, struct slice realm, struct slice password,
	unsigned char *out);

#endif
