/*
 * der - values of DER one after the other, X.690: a tag, a length, octets.
 * Nothing is copied; what is taken points into the text.
 */
#ifndef LIB_DER_H
#define LIB_DER_H

#include "lib/bytes.h"

/* Tags. */
enum {
	DER_BOOLEAN = 0x01,
	DER_INTEGER = 0x02,
	DER_OCTETS = 0x04,
	DER_OID = 0x06,
	DER_UTF8 = 0x0c,
	DER_PRINTABLE = 0x13,
	DER_IA5 = 0x16,
	DER_SEQUENCE = 0x30,
	DER_SET = 0x31
};

struct der {
	unsigned tag;
	struct slice value;
};

/* Takes one value off the front. False when there is none, or half of it. */
bool der_take(struct slice *rest, struct der *d);

/* The same for a value that must have this tag. */
bool der_take_a(struct slice *rest, unsigned tag, struct slice *value);

#endif
