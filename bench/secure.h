/*
 * secure - one client's TLS, by BearSSL, in front of a socket that does not
 * block. The certificate is taken as it is: what is measured is the server.
 */
#ifndef BENCH_SECURE_H
#define BENCH_SECURE_H

#include <stddef.h>
#include <sys/types.h>

struct secure;

struct secure *secure_new(void);
/* Before each connection. */
void secure_start(struct secure *s);

/*
 * As read and write on fd: octets, 0 for the end (of reading), -1 with EAGAIN
 * when the socket has to be waited for, -1 with EPROTO when TLS failed.
 */
ssize_t secure_read(struct secure *s, int fd, void *data, size_t len);
ssize_t secure_write(struct secure *s, int fd, const void *data, size_t len);
/* Sends what is held back. 0, or -1 as above. */
int secure_flush(struct secure *s, int fd);

#endif
