/*
 * weaker - secrets for mechanisms by MD5, made only when asked for: who has
 * them can log in by that mechanism without guessing anything.
 */
#ifndef PASSWD_WEAKER_H
#define PASSWD_WEAKER_H

#include "lib/buffer.h"

/* {CRAM-MD5}: the two HMAC-MD5 contexts, as Dovecot stores them. */
void weaker_cram_md5(struct buffer *out, struct slice password);

/* {DIGEST-MD5}REALM,HEX of what md5_user() makes, RFC 2831 §2.1.2.1. */
void weaker_digest_md5(
	struct buffer *out, struct slice realm, const unsigned char *digest);

#endif
