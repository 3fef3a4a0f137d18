/*
 * policy_ask - the policy daemon of policysocket is asked about a recipient,
 * and about a whole message before its envelope is completed. The answer may
 * come later (late.h). policy_link.c has the connection, policy_request.c and
 * policy_answer.c the words.
 */
#ifndef KEEPER_POLICY_ASK_H
#define KEEPER_POLICY_ASK_H

#include "keeper/policy_link.h"
#include "lib/log.h"

#define POLICY_PREPEND_MAX 20 /* lines above Received: */
#define POLICY_INSTANCE_MAX 64

/* What connections without policysocket never touch. */
struct policy_ask {
	struct policy_link link;
	bool rcpt;   /* the request is about rcpt.path, not a message */
	bool silent; /* no answer in time: not asked again for this message */
	bool logged; /* ... or at all, and accepted: once a message */
	const char *fault; /* of the last refusal; NULL: the daemon's words */
	unsigned transactions;
	char instance[POLICY_INSTANCE_MAX]; /* "": none asked about yet */
	unsigned prepended;
	size_t above_len;
	char above[POLICY_PREPEND_MAX * (POLICY_HEADER_MAX + 1)];
};

struct keeper;

/*
 * VERDICT_OK, VERDICT_SAID or VERDICT_SAID_LAST with the reply in rcpt.said,
 * or VERDICT_LATER. A recipient's refusal is logged.
 */
int policy_ask_rcpt(struct keeper *k, struct slice recipient);

/* The same of a whole message, whose refusal is not logged. */
int policy_ask_end(struct keeper *k);

/* For the line about that: who has refused it, and in which words. */
void policy_ask_log(const struct keeper *k, struct log_line *line);

/* What belongs above the Received line; often nothing. */
struct slice policy_ask_above(const struct keeper *k);

/* The transaction is over. */
void policy_ask_forget(struct keeper *k);

#endif
