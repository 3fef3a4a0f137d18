/*
 * policy_answer - what a policy daemon has answered: attributes, a line each,
 * and an empty line; of these "action" counts. Pure: no I/O, nothing is kept.
 * Source: Postfix, SMTPD_POLICY_README and access(5).
 */
#ifndef KEEPER_POLICY_ANSWER_H
#define KEEPER_POLICY_ANSWER_H

#include "queue-handoff/status.h"

#define POLICY_ANSWER_MAX 8192 /* octets of a whole answer */
#define POLICY_HEADER_MAX 998  /* octets of a line, RFC 5322 2.1.1 */
#define POLICY_CODE_LEN 4      /* "450 " */
#define POLICY_REPLY_MAX (POLICY_CODE_LEN + STATUS_REPLY_MAX)

enum policy_meaning {
	MEANS_NOTHING, /* not an answer */
	MEANS_ACCEPT,
	MEANS_REFUSE, /* with the reply */
	MEANS_CLOSE,  /* the same, and the connection ends */
	MEANS_PREPEND,
	MEANS_OTHER /* an action that we do not know, or a bad header */
};

struct policy_answer {
	enum policy_meaning meaning;
	enum status_class class; /* of a refusal */
	struct slice action;	 /* all of it, for the log */
	struct slice header;	 /* MEANS_PREPEND: a line without its end */
	char reply[POLICY_REPLY_MAX]; /* NUL-terminated, without CR LF */
};

/* Octets of the whole answer that text begins with; 0: it has no end yet. */
size_t policy_answer_length(struct slice text);

/* Reads a whole one, whose octets must live as long as the answer. */
void policy_answer_read(struct policy_answer *answer, struct slice text);

#endif
