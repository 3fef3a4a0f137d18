/*
 * rcpt - the verdict on a recipient, in steps whose order is fixed. A step
 * that has to ask somebody outside answers later (late.h), and the steps
 * behind it wait.
 */
#ifndef KEEPER_RCPT_H
#define KEEPER_RCPT_H

#include "control/validrcptto.h"
#include "keeper/channel.h"
#include "keeper/message.h"
#include "keeper/rcptcheck.h"

#define RCPT_PATH_MAX (KEEPER_PATH_MAX + 400) /* with localiphost */

/* What is asked, and of whom: most connections ask nobody. */
struct rcpt {
	bool opened; /* validrcptto was */
	bool broken; /* validrcptto cannot be used, which is logged */
	struct validrcptto valid;
	struct rcptcheck check;
	char path[RCPT_PATH_MAX]; /* whose verdict is waited for */
	size_t path_len;
	char said[CHANNEL_TEXT_MAX]; /* of VERDICT_SAID: the whole reply */
};

/*
 * One recipient, asked about or only told: the verdict, VERDICT_LATER when
 * the answer will be given by the loop, or -1 for an attack. On VERDICT_OK it
 * is in the envelope.
 */
int rcpt_take(struct keeper *k, struct slice given, bool asked);

/* Answers ASK_PATHS. Returns -1 for an attack. */
int rcpt_answer(struct keeper *k, int verdict);

#endif
