/*
 * address - the grammar of MAIL and RCPT arguments (RFC 5321 §4.1.2, RFC
 * 6531 §3.3, RFC 1870, 6152, 4954 §5). No I/O, no allocation.
 */
#ifndef SESSION_ADDRESS_H
#define SESSION_ADDRESS_H

#include "lib/bytes.h"

#define ADDRESS_MAX 900 /* octets of a path without brackets and route */

/*
 * The local part stands as an envelope of qmail's has it: quotes and their
 * backslashes are gone, so that it may hold blanks, @, " and \, but never a
 * control character. "a b"@example.com is a b@example.com here.
 */
struct address {
	char text[ADDRESS_MAX]; /* the last @ splits it */
	size_t len;		/* 0: the null path <> */
	bool eight_bit;		/* holds octets over 127 */
};

enum body { BODY_NONE, BODY_7BIT, BODY_8BITMIME };

struct mail_parameters {
	bool has_size;
	uint64_t size; /* saturating */
	enum body body;
	bool smtputf8;
};

enum address_result {
	ADDRESS_OK,
	ADDRESS_SYNTAX,	   /* 501 5.1.7 (MAIL), 501 5.1.3 (RCPT) */
	ADDRESS_PARAMETER, /* 555 5.5.4: unknown, repeated or BINARYMIME */
	ADDRESS_VALUE	   /* 501 5.5.4: a known parameter with a bad value */
};

/*
 * arg is what follows the verb, "FROM:<a@b> SIZE=3". utf8_offered: SMTPUTF8
 * as a parameter and 8-bit addresses are part of the grammar (whether an
 * 8-bit address was allowed is the caller's 553 5.6.7).
 */
enum address_result address_mail(struct slice arg, bool utf8_offered,
	struct address *out, struct mail_parameters *parameters);
enum address_result address_rcpt(
	struct slice arg, bool utf8_offered, struct address *out);

#endif
