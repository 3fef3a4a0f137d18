/*
 * verify - what is right and wrong with a chain of certificates, one
 * question at a time. A chain is one of lib/chain.h, as secure_chain() has it.
 */
#ifndef CLIENT_VERIFY_H
#define CLIENT_VERIFY_H

#include "lib/bytes.h"

#define VERIFY_ROOTS "/etc/ssl/certs/ca-certificates.crt"

struct verify_roots;

/* Reads a PEM file of root certificates. NULL with errno: unreadable. */
struct verify_roots *verify_load(const char *path);

/*
 * Does the chain lead to one of the roots? The leaf's own dates and name
 * play no part. NULL: it does; else what is wrong.
 */
const char *verify_trust(const struct verify_roots *roots, struct slice chain);

/* Is the first certificate made out for this host name? */
bool verify_name(struct slice chain, const char *name);

/*
 * Whole days until the first certificate expires, negative afterwards, and
 * until it is valid, not above 0 when it is, by the clock of this host.
 * Returns 0, or -1: not a certificate.
 */
int verify_days(struct slice chain, int64_t *left, int64_t *until);

#endif
