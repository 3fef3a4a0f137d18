/* hex - octets as pairs of hexadecimal digits. */
#ifndef LIB_HEX_H
#define LIB_HEX_H

#include "lib/buffer.h"

/* Appends the digits of data to out, in lower case. */
void hex_encode(struct buffer *out, struct slice data);

/*
 * Appends the octets that text stands for, in either case. Returns 0, or -1
 * when text is no pairs of digits or does not fit (out then undefined).
 */
int hex_decode(struct buffer *out, struct slice text);

#endif
