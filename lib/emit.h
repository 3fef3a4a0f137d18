/*
 * emit - one line to a descriptor that others share and that may take
 * nothing: a pipe that nobody reads, a terminal that was stopped.
 */
#ifndef LIB_EMIT_H
#define LIB_EMIT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Was all of the text written, within ms (0: without waiting)? The flags of
 * fd stay as they are, since other processes share them: where the kernel
 * cannot be told not to wait, a timer interrupts the write. Then SIGALRM, its
 * action and its mask, is this function's.
 */
bool emit(int fd, const char *text, size_t len, int ms);

/* The same for a datagram to a socket. */
bool emit_datagram(int fd, const char *text, size_t len, int ms);

#endif
