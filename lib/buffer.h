/*
 * buffer - text built up in memory that the caller owns.
 *
 * Adding what does not fit adds nothing more and sets overflow, so that a
 * caller may add everything and look once at the end. Nothing allocates.
 */
#ifndef LIB_BUFFER_H
#define LIB_BUFFER_H

#include "lib/bytes.h"

struct buffer {
	char *data;
	size_t len, cap; /* octets */
	bool overflow;
};

/* A buffer over an array of octets, signed or not. */
#define BUFFER_OVER(array)                                                     \
	((struct buffer){(char *)(array), 0, sizeof(array), false})

void buffer_add(struct buffer *b, const void *data, size_t len);
void buffer_add_slice(struct buffer *b, struct slice text);
void buffer_add_text(struct buffer *b, const char *text);
void buffer_add_char(struct buffer *b, char c);
void buffer_add_number(struct buffer *b, uint64_t n); /* decimal */

/*
 * Adds text with blanks, backslashes and everything outside printable ASCII
 * written as \xHH, cut so that at most max octets are added.
 */
void buffer_add_escaped(struct buffer *b, struct slice text, size_t max);

struct slice buffer_slice(const struct buffer *b);

/* Ends the text with NUL and returns it, or NULL when it did not fit. */
const char *buffer_string(struct buffer *b);

#endif
