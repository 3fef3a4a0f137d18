/*
 * clientca - the authorities of clientca.pem, whose word about the names of
 * clients is taken. Opened by main, read by the keeper (it is the admin's own
 * file), used by the authenticator.
 */
#ifndef SASL_CLIENTCA_H
#define SASL_CLIENTCA_H

#include <bearssl/bearssl.h>

#include "lib/bytes.h"

#define CLIENTCA_MAX 64		 /* certificates */
#define CLIENTCA_FILE_MAX 131072 /* octets */

struct clientca {
	const char *reason; /* of a failure; or NULL */
	size_t count;
	br_x509_trust_anchor anchors[CLIENTCA_MAX];
	size_t used;
	/* What the anchors point to: a certificate is longer in PEM. */
	unsigned char memory[CLIENTCA_FILE_MAX];
};

/*
 * Opens clientca.pem of a directory; -1: there is none. Returns 0 too where it
 * cannot be opened; then *fd is -1, and there is a reason.
 */
int clientca_open(struct clientca *ca, const char *directory, int *fd);

/* Reads the file from its start. 0, or -1 with reason; then count is 0. */
int clientca_load(struct clientca *ca, int fd);

/*
 * Does a chain (lib/chain.h, the client's own certificate first) lead to one of
 * the authorities, today, and is its key one that signs? RSA of 2048 bits or
 * more, or EC; SHA-256 or better.
 */
bool clientca_vouches(const struct clientca *ca, struct slice chain);

#endif
