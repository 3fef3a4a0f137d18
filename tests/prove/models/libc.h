/* What Frama-C's headers lack. */
#ifndef PROVE_LIBC_H
#define PROVE_LIBC_H

#include <stddef.h>

void *memmem(
	const void *text, size_t len, const void *wanted, size_t wanted_len);
void explicit_bzero(void *s, size_t n);

/* Of functions that no driver calls; the numbers are Linux's. */
#define SOCK_CLOEXEC 02000000
#define MSG_CMSG_CLOEXEC 0x40000000
#define POLLRDHUP 0x2000
#define O_PATH 010000000

#endif
