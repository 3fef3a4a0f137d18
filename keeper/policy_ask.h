/*
 * policy_ask - the policy daemon of policysocket is asked about a recipient,
 * and about a whole message before its envelope is completed. The answer may
 * come later (late.h). policy_link.c has the connection, policy_request.c and
 * policy_answer.c the words.
 */
#ifndef KEEPER_POLICY_ASK_H
#define KEEPER_POLICY_ASK_H

#include "keeper/channel.h"
#include "keeper/policy_link.h"
#include "lib/log.h"

#define POLICY_PREPEND_MAX 20 /* lines above Received: */

/* Of connections with policysocket alone. */
struct policy_ask {
	struct policy_link link;
	bool rcpt;   /* the request is about rcpt.path, not a message */
	bool silent; /* no answer in time: not asked again for this message */
	bool logged; /* it is, for this message, that there is no answer */
	const char *fault; /* why we refused; NULL: the daemon has refused */
	unsigned transactions;
	char instance[CHANNEL_ID_MAX]; /* "": none asked about yet */
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

/* The same of a whole message; its refusal is logged by who calls. */
int policy_ask_end(struct keeper *k);

/* Adds to the line about a refused message: by whom, and in which words. */
void policy_ask_log(const struct keeper *k, struct log_line *line);

/* Lines of the daemon's that belong above our Received line, or none. */
struct slice policy_ask_above(const struct keeper *k);

/* The transaction is over. */
void policy_ask_forget(struct keeper *k);

#endif
