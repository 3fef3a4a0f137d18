/*
 * policy_request - what a policy daemon is asked: attributes as Postfix sends
 * them, a line each, and an empty line. Pure: no I/O, nothing is kept.
 * Source: Postfix, SMTPD_POLICY_README.
 */
#ifndef KEEPER_POLICY_REQUEST_H
#define KEEPER_POLICY_REQUEST_H

#include "lib/buffer.h"

#define POLICY_VALUE_MAX 1500	 /* octets of one value: more is cut off */
#define POLICY_REQUEST_MAX 16384 /* octets of all */

/* What is absent goes out empty. */
struct policy_request {
	const char *state; /* RCPT, END-OF-MESSAGE */
	bool esmtp;
	struct slice helo, sender, recipient;
	struct slice client_address, client_name, client_port;
	struct slice server_address, server_port;
	struct slice instance; /* one a message */
	struct slice method, login;
	struct slice protocol, cipher, keysize; /* of TLS */
	uint64_t recipients, size;
};

/*
 * Writes it. An octet that would end a line, or any other control character,
 * becomes a question mark.
 */
void policy_request_write(
	const struct policy_request *request, struct buffer *out);

#endif
