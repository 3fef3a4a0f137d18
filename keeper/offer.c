/*
 * offer - what Dovecot offers: the keeper's answers, see keeper.h. Run by the
 * keeper.
 */
#include <errno.h>
#include <string.h>

#include "keeper/keeper.h"

/* The client is offered what it would be without a word from Dovecot. */
int
offer_failed(struct keeper *k, const char *reason)
{
	authenticator_stop(&k->authenticator);
	keeper_log_config(k, k->backend.socket, reason);
	k->packet.len = 0;
	return keeper_answer(k, VERDICT_TEMPORARY);
}

int
offer_made(struct keeper *k, const struct word *word)
{
	if (word->result != WORD_OFFER || word->body_len > AUTHMECHS_OFFER_MAX)
		return offer_failed(k, word->detail);
	authenticator_stop(&k->authenticator);
	k->packet.len = 0;
	channel_add(&k->packet, word->body, word->body_len);
	return keeper_answer(k, VERDICT_OK);
}

int
answer_offer(struct keeper *k)
{
	if (k->backend.kind != AUTHENTICATOR_DOVECOT)
		return -1;
	k->mechanism = NULL;
	k->channel.pending = ASK_OFFER;
	if (authenticator_start(k) == -1)
		return offer_failed(k, strerror(errno));
	authenticator_step(&k->authenticator, SLICE_NONE);
	return 0;
}
