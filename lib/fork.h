/*
 * fork - a child process, without a C library's preparations for threads.
 * Measured: 2 % of a plain connection, 3.5 % of one with a login and a
 * message (docs/performance.md).
 */
#ifndef LIB_FORK_H
#define LIB_FORK_H

#include <sys/types.h>

/*
 * As fork(), for a process of one thread: handlers of pthread_atfork() do not
 * run, and the C library's notion of its own thread id (raise(), mutexes)
 * stays the parent's.
 */
pid_t fork_child(void);

#endif
