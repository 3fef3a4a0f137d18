/*
 * keep - memory for as long as the process lives: settings, read once.
 *
 * The first KEEP_FIRST octets come from the program's own data, without a
 * system call and without a page of the C library's allocator: a connection
 * is a process, and a page touched for the first time costs it microseconds.
 */
#ifndef LIB_KEEP_H
#define LIB_KEEP_H

#include <stddef.h>

#define KEEP_FIRST 640 /* octets */

/* len octets, not initialised, aligned for text alone; NULL with errno. */
char *keep(size_t len);

#endif
