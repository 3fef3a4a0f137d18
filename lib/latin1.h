/*
 * latin1 - text in UTF-8 and in ISO 8859-1, whose characters are the first
 * 256 of Unicode.
 */
#ifndef LIB_LATIN1_H
#define LIB_LATIN1_H

#include "lib/buffer.h"

/* Any octet from 0x80 on? */
bool latin1_is_needed(struct slice text);

/*
 * Appends UTF-8 as ISO 8859-1. 0, or -1 when it holds other characters, is no
 * UTF-8 or does not fit.
 */
int latin1_encode(struct buffer *out, struct slice text);

/* Appends ISO 8859-1 as UTF-8. */
void latin1_decode(struct buffer *out, struct slice text);

#endif
