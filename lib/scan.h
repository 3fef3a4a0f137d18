/*
 * scan - copy text up to the first octet that ends or spoils a line, at the
 * speed of memory: one pass that looks and copies.
 */
#ifndef LIB_SCAN_H
#define LIB_SCAN_H

#include <stddef.h>

/*
 * Copies the octets before the first CR, LF or NUL and returns their number,
 * len when there is none. out has room for len octets and does not overlap
 * in; what it holds behind the copied octets is undefined.
 */
size_t scan_copy(char *out, const char *in, size_t len);

#endif
