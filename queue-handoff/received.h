/*
 * received - the Received: line (RFC 5321 §4.4, protocol words RFC 3848 and
 * 6531). Client text is reduced to letters, digits and . - _ : @ + = / [ ],
 * anything else becomes "?" (UTF-8 octets too); so nothing forges a
 * parenthesis, a line or a semicolon.
 */
#ifndef QUEUE_HANDOFF_RECEIVED_H
#define QUEUE_HANDOFF_RECEIVED_H

#include <time.h>

#include "lib/buffer.h"

#define RECEIVED_MAX 1500 /* octets of the whole line(s) */

struct received {
	struct slice helo;     /* as the client said it; absent: "unknown" */
	struct slice host, ip; /* the launcher's words */
	struct slice by, id;
	struct slice login;    /* absent: not authenticated */
	bool name_login;       /* RECEIVEDAUTH=1: login and address shown */
	bool esmtp, tls, utf8; /* with ESMTP, ...S, UTF8SMTP... */
	time_t now;
};

/*
 * Appends the line with LF line ends:
 *   Received: from HELO (RDNS [IP])
 *     by ME with ESMTP id ID; Sat, 21 Nov 2026 11:00:00 +0000
 * authenticated: "from HELO (authenticated)", and with name_login
 * "from HELO (RDNS [IP]) (authenticated as LOGIN)".
 */
void received_add(struct buffer *out, const struct received *r);

#endif
