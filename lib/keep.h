/*
 * keep - memory for as long as the process lives: settings, read once. The
 * first KEEP_FIRST octets are the program's own and spare it the C library's
 * allocator. Measured: 12 % of a plain connection, 7 % of one with a login
 * and a message (docs/performance.md).
 */
#ifndef LIB_KEEP_H
#define LIB_KEEP_H

#include <stddef.h>

#define KEEP_FIRST 640 /* octets */

/* len octets, not initialised, aligned for text alone; NULL with errno. */
char *keep(size_t len);

#endif
