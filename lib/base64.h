/*
 * base64 - RFC 4648 §4, strict: the canonical form or nothing. No blanks, no
 * line ends, full padding, no stray bits under the padding.
 */
#ifndef LIB_BASE64_H
#define LIB_BASE64_H

#include "lib/buffer.h"

#define BASE64_ENCODED_LEN(n) (((n) + 2) / 3 * 4)
#define BASE64_DECODED_MAX(n) ((n) / 4 * 3)

/* Appends the encoding of data to out. */
void base64_encode(struct buffer *out, struct slice data);

/* Appends the decoded octets to out. Returns 0, or -1 (out then undefined). */
int base64_decode(struct buffer *out, struct slice text);

#endif
