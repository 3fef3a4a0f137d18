/*
 * scram_client - the client's side of SCRAM-SHA-256 and SCRAM-SHA-1, RFC 5802
 * and 7677. Messages are decoded octets, never base64. No I/O.
 */
#ifndef CLIENT_SCRAM_CLIENT_H
#define CLIENT_SCRAM_CLIENT_H

#include <bearssl/bearssl.h>

#include "lib/buffer.h"

#define SCRAM_HASH_MAX 32	      /* octets */
#define SCRAM_ITERATIONS_MAX 10000000 /* more is not asked for in earnest */

/* The salted password, kept between exchanges as mail programs keep it. */
struct scram_salted {
	unsigned char key[SCRAM_HASH_MAX];
	char made_for[256]; /* "s=SALT,i=COUNT" */
	size_t made_for_len;
};

struct scram_client {
	const br_hash_class *hash;
	struct scram_salted *salted;
	char bare[600], auth[2048]; /* client-first-bare, AuthMessage */
	size_t bare_len, nonce_len, auth_len;
	unsigned char server[SCRAM_HASH_MAX]; /* the signature that must come */
};

/* Appends the first message. Returns 0, or -1 when it does not fit. */
int scram_client_first(struct scram_client *s, struct slice user,
	struct slice nonce, struct buffer *out);

/* Appends the answer to the server's first message. 0, or -1: malformed. */
int scram_client_final(struct scram_client *s, struct slice challenge,
	struct slice password, struct buffer *out);

/* Does the server know the password too? 0, or -1. */
int scram_client_end(struct scram_client *s, struct slice last);

#endif
