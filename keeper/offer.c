/* offer - see offer.h. Run by the keeper. */
#include "keeper/offer.h"

#include <errno.h>
#include <string.h>

#include "keeper/keeper.h"
#include "lib/words.h"

/* ------------------------------------------------- names from a client --- */

/*
 * Until Dovecot has said that it knows it, the name is not logged: it may be a
 * password in the wrong place.
 */
static const struct authmech *
foreign_mechanism(struct keeper *k, struct slice name)
{
	struct keeper_login *l = &k->login;

	if (k->backend.kind != AUTHENTICATOR_DOVECOT ||
		!authmechs_name(name, l->foreign_name))
		return NULL;
	/* As mechanisms go whose first message is no proof. */
	unsigned proof = slice_starts_nocase(name, "SCRAM-") ? 2 : 1;

	l->foreign = (struct authmech){
		.name = l->foreign_name, .client_first = true, .proof = proof};
	return &l->foreign;
}

const struct authmech *
offer_find(struct keeper *k, struct slice name)
{
	const struct authmech *mechanism = authmechs_find(name);

	return mechanism != NULL ? mechanism : foreign_mechanism(k, name);
}

bool
offer_has(const struct keeper *k, struct slice name)
{
	char text[AUTHMECHS_OFFER_MAX];
	struct buffer offer = BUFFER_OVER(text);

	/* Without a choice of the admin's the authenticator will ask. */
	if (k->backend.kind == AUTHENTICATOR_DOVECOT &&
		k->config->mechanisms.data == NULL)
		return k->backend.mechanisms.len > 0;
	authmechs_offer(k->backend.mechanisms, keeper_has(k), &offer);
	return words_has(buffer_slice(&offer), name);
}

/* -------------------------------------------------- names from Dovecot --- */

static void
end(struct keeper *k)
{
	authenticator_stop(&k->login.authenticator);
	k->login.state = LOGIN_NONE;
	k->packet.len = 0;
}

/* The client is offered what it would be without a word from Dovecot. */
static int
failed(struct keeper *k, const char *reason)
{
	end(k);
	keeper_log_config(k, k->backend.socket, reason);
	return keeper_answer(k, VERDICT_TEMPORARY);
}

static int
made(struct keeper *k, const struct word *word)
{
	if (word->result != WORD_OFFER || word->body_len > AUTHMECHS_OFFER_MAX)
		return failed(k, word->detail);
	end(k);
	channel_add(&k->packet, word->body, word->body_len);
	return keeper_answer(k, VERDICT_OK);
}

int
answer_offer(struct keeper *k)
{
	struct authenticator *a = &k->login.authenticator;

	if (k->backend.kind != AUTHENTICATOR_DOVECOT)
		return -1;
	k->login.mechanism = NULL;
	k->login.state = LOGIN_OFFER;
	k->channel.pending = ASK_OFFER;
	if (authenticator_start(k) == -1)
		return failed(k, strerror(errno));
	authenticator_step(a, SLICE_NONE);
	return 0;
}

int
offer_advance(struct keeper *k, bool readable)
{
	static struct word word;
	struct authenticator *a = &k->login.authenticator;

	if (readable)
		return authenticator_read(a, &word) == -1 ? failed(k, "died")
							  : made(k, &word);
	return a->deadline <= k->now ? failed(k, "timeout") : 0;
}
