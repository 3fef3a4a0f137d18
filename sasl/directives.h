/*
 * directives - a list of name=value, as DIGEST-MD5 writes it (RFC 2831 §7).
 */
#ifndef SASL_DIRECTIVES_H
#define SASL_DIRECTIVES_H

#include "lib/buffer.h"

/*
 * Takes the next directive off the front of *rest. A quoted value is added
 * to text without its quotes and backslashes, and value points there. Returns
 * 1, 0 at the end of the list, or -1 when it is malformed or text is full.
 */
int directives_next(struct slice *rest, struct buffer *text, struct slice *name,
	struct slice *value);

/* Adds text as a quoted string. */
void directives_quote(struct buffer *out, struct slice text);

#endif
