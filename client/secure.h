/*
 * secure - one client's TLS, by BearSSL, in front of a socket.
 *
 * Every certificate passes: the chain is kept, and whoever cares looks at it
 * with verify.h before anything secret is said.
 */
#ifndef CLIENT_SECURE_H
#define CLIENT_SECURE_H

#include <sys/types.h>

#include "lib/bytes.h"

#define SECURE_CHAIN_MAX 65536 /* octets */

struct secure;

/* suites: the only ones to offer, or NULL: all. NULL without memory. */
struct secure *secure_new(const uint16_t *suites, size_t suites_len);
/* Before each connection; name goes into SNI when it is not NULL. */
void secure_start(struct secure *s, const char *name);

/* The handshake at once, on a socket that blocks. 0, or -1 as below. */
int secure_handshake(struct secure *s, int fd);

/*
 * As read and write on fd: octets, 0 for the end (of reading), -1 with EAGAIN
 * when the socket has to be waited for, -1 with EPROTO when TLS failed.
 */
ssize_t secure_read(struct secure *s, int fd, void *data, size_t len);
ssize_t secure_write(struct secure *s, int fd, const void *data, size_t len);
/* Sends what is held back. 0, or -1 as above. */
int secure_flush(struct secure *s, int fd);

/* The server's chain: of each certificate 2 octets of length, then DER. */
struct slice secure_chain(const struct secure *s);
/* 0x0303 for TLS 1.2; 0 before the handshake. */
unsigned secure_version(const struct secure *s);
/* BearSSL's number after EPROTO. */
int secure_error(const struct secure *s);

#endif
