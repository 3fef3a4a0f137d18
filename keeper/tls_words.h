/*
 * tls_words - what a launcher of UCSPI-TLS says of the TLS that it has begun:
 * VARIABLE=VALUE NUL ... NUL, an environment. A name alone is unset, and of
 * two of one name the last counts. Pure.
 */
#ifndef KEEPER_TLS_WORDS_H
#define KEEPER_TLS_WORDS_H

#include "lib/bytes.h"

#define TLS_WORDS_MAX 8192	/* octets, with the last NUL */
#define TLS_WORDS_VALUE_MAX 255 /* ... of a value that counts */
#define TLS_WORDS_HASH 32	/* ... of SHA-256 */

/*
 * Values point into the text; what was not said, or is no clean text of at most
 * TLS_WORDS_VALUE_MAX octets, has data NULL.
 */
struct tls_words {
	struct slice protocol, cipher, sni;
	bool has_hash; /* of the client's certificate: SHA256:hex */
	unsigned char hash[TLS_WORDS_HASH];
};

/*
 * Octets of the text with its end, an empty entry; 0: the end is still to
 * come.
 */
size_t tls_words_end(struct slice text);

/* Reads a whole text. 0, or -1 when it names no protocol: there is no TLS. */
int tls_words_read(struct tls_words *words, struct slice text);

#endif
