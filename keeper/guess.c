/* guess - see guess.h. Run by the keeper. */
#include "keeper/guess.h"

#include <string.h>

#include "keeper/keeper.h"
#include "lib/clock.h"

static void
enter(struct keeper *k, enum guess_state state)
{
	k->login.guess.state = state;
	k->login.guess.since = k->now;
}

void
guess_start(struct keeper *k)
{
	struct guess *g = &k->login.guess;

	guess_end(k);
	enter(k, GUESS_NONE);
	g->responses = 0;
	g->user_len = 0;
}

/* Without statedir nothing is counted, and nobody waits. */
static enum failures_word
admit(struct keeper *k)
{
	enum failures_word word = FAILURES_PASSES;

	if (k->config->statedir.data != NULL)
		word = failures_admit(k);
	if (word == FAILURES_PASSES)
		enter(k, GUESS_MADE);
	return word;
}

enum failures_word
guess_response(struct keeper *k, struct slice response)
{
	struct guess *g = &k->login.guess;

	if (response.data == NULL || g->state == GUESS_RIGHT)
		return FAILURES_PASSES;
	if (++g->responses < k->login.mechanism->proof)
		return FAILURES_PASSES;
	if (g->state == GUESS_MADE) {
		enter(k, GUESS_MADE); /* one more step of the same */
		return FAILURES_PASSES;
	}
	enum failures_word word = admit(k);

	if (word == FAILURES_FULL) {
		enter(k, GUESS_WAITS);
		g->retry_at = k->now + GUESS_RETRY_MS;
	}
	return word;
}

enum failures_word
guess_retry(struct keeper *k)
{
	struct guess *g = &k->login.guess;
	enum failures_word word = admit(k);

	if (word == FAILURES_FULL && k->now - g->since >= GUESS_WAIT_MS)
		word = FAILURES_REFUSES;
	g->retry_at =
		word == FAILURES_FULL ? k->now + GUESS_RETRY_MS : CLOCK_NEVER;
	return word;
}

void
guess_name(struct keeper *k, const struct word *word)
{
	struct guess *g = &k->login.guess;
	struct slice user = {word->login, word->login_len};

	if (user.len == 0 || slice_has_control(user))
		return;
	memcpy(g->user, user.data, user.len);
	g->user_len = user.len;
}

struct slice
guess_user(const struct keeper *k, const struct word *word)
{
	const struct guess *g = &k->login.guess;

	return word->login_len > 0
		       ? (struct slice){word->login, word->login_len}
		       : (struct slice){g->user, g->user_len};
}

int64_t
guess_right(struct keeper *k, struct slice user)
{
	bool told = k->login.guess.state == GUESS_RIGHT;
	int64_t ms = 0;

	/* Once an exchange: the challenge that told so was held back. */
	if (!told && k->config->statedir.data != NULL)
		ms = failures_count(k, user, false);
	guess_end(k);
	return ms;
}

void
guess_end(struct keeper *k)
{
	struct keeper_login *l = &k->login;

	l->guess.state = GUESS_NONE;
	l->guess.retry_at = CLOCK_NEVER;
	explicit_bzero(k->kept, l->kept_len); /* a response that has waited */
	l->kept_len = 0;
	if (k->config->statedir.data != NULL)
		failures_settle(k);
}

const char *
guess_gone(struct keeper *k)
{
	const struct guess *g = &k->login.guess;
	struct slice user = {g->user, g->user_len};
	const char *reason = NULL;

	if (g->state == GUESS_MADE) {
		/* Who waited so long and went is no failure: we were slow. */
		bool slow = k->channel.pending != 0 &&
			    k->now - g->since >= GUESS_WAIT_MS;

		reason = slow ? "backend" : "gone";
		if (!slow && k->config->statedir.data != NULL)
			(void)failures_count(k, user, true);
		k->login.failures += !slow;
	}
	guess_end(k);
	return reason;
}
