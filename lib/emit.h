/*
 * emit - one line to a descriptor that others share and that may take
 * nothing: a pipe that nobody reads, a terminal that was stopped.
 */
#ifndef LIB_EMIT_H
#define LIB_EMIT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Did all of it go out, within ms? 0: without waiting. The flags of fd stay
 * as they are, since they are other processes' too: where the kernel cannot
 * be told not to wait, a timer (SIGALRM, whose action and mask are ours then)
 * interrupts a write that does.
 */
bool emit(int fd, const char *text, size_t len, int ms);

/* The same for a datagram to a socket. */
bool emit_datagram(int fd, const char *text, size_t len, int ms);

#endif
