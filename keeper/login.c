/*
 * login - the keeper's answers about AUTH: it knows who, not how. Run by the
 * keeper. The life of a login, which this page follows:
 *
 *   answer_auth       The session says which mechanism the client wants, with
 *                     the response that came along. If it may, an
 *                     authenticator is started, and the response is handed
 *                     over.
 *   answer_auth_step  The client's response to a challenge: handed over, too.
 *   hand_over         A response that can hold a password is a guess (guess.c):
 *                     it may have to wait until those of others have a verdict.
 *   hear_word         The authenticator has a challenge, which the session
 *                     gets; answer_auth_step comes next. Or it has a verdict:
 *   outcome_verdict   counted, logged, and told to the session, by the clock:
 *                     not before a delay that failures have earned (outcome.c).
 *   hear_auth_cancel  In place of a response: the client wants no verdict.
 *   login_abandon     The connection ends in the middle of it.
 *   login_user        Others ask who is logged in.
 *
 * session/login.c asks, in the same order.
 */
#include "keeper/login.h"

#include <string.h>

#include "keeper/keeper.h"
#include "keeper/offer.h"
#include "keeper/outcome.h"
#include "lib/clock.h"

/* No user file where one is expected: ours to mend, not the user's. */
static bool
users_missing(const struct keeper *k)
{
	return k->backend.kind == AUTHENTICATOR_USERS &&
	       k->backend.users_fd == -1;
}

/* --------------------------------------------- mechanism and responses --- */

static int
hand_over(struct keeper *k, struct slice response)
{
	struct authenticator *a = &k->login.authenticator;
	bool there = a->fd != -1;

	if (there)
		authenticator_step(a, response);
	if (response.len > 0)
		explicit_bzero((char *)(uintptr_t)response.data, response.len);
	return there ? 0 : outcome_temporary(k, "");
}

/* The request's memory is needed for what the session may say besides. */
static void
keep_response(struct keeper *k, struct slice response)
{
	memcpy(k->kept, response.data, response.len);
	k->login.kept_len = response.len;
	explicit_bzero(k->packet.body, k->packet.len);
}

/* May it be handed over now? With FAILURES_FULL it waits. */
static int
go_on(struct keeper *k, enum failures_word word, struct slice response)
{
	if (word == FAILURES_REFUSES)
		return outcome_turn_down(k);
	return word == FAILURES_FULL ? 0 : hand_over(k, response);
}

static int
respond(struct keeper *k, struct slice response)
{
	enum failures_word word = guess_response(k, response);

	k->channel.pending = k->packet.type;
	if (word == FAILURES_FULL)
		keep_response(k, response);
	return go_on(k, word, response);
}

/* A response that had to wait: may it go now? */
static int
retry(struct keeper *k)
{
	enum failures_word word = guess_retry(k);

	return go_on(k, word, (struct slice){k->kept, k->login.kept_len});
}

static int
start(struct keeper *k, struct slice response)
{
	if (users_missing(k)) {
		keeper_log_config(
			k, "control/authusers.cdb", k->backend.users_reason);
		return outcome_temporary(k, "");
	}
	guess_start(k);
	k->login.state = LOGIN_EXCHANGE;
	if (authenticator_start(k) == -1)
		return outcome_temporary(k, "");
	return respond(k, response);
}

int
answer_auth(struct keeper *k)
{
	struct keeper_login *l = &k->login;
	const struct config *config = k->config;
	struct slice response = channel_rest(&k->packet, 0);
	struct slice name = slice_split(&response, '\0');
	unsigned initial = k->packet.code;

	if (response.data == NULL || initial > INITIAL_MALFORMED)
		return -1;
	if (initial != INITIAL_RESPONSE)
		response = SLICE_NONE;
	l->asked = k->now;
	l->mechanism = offer_find(k, name);
	l->hidden = l->mechanism == &l->foreign;
	if (l->failures >= KEEPER_FAILURES_MAX)
		return outcome_refuse(k, VERDICT_AUTH_LAST, "limit");
	if (config->forcetls && !k->tls.on && !config->tls_outside)
		return outcome_refuse(k, VERDICT_AUTH_NO_TLS, "no-tls");
	bool possible =
		offer_has(k, name) || (users_missing(k) && !config->auth_off);

	if (l->mechanism == NULL || !possible)
		return outcome_refuse(k, VERDICT_AUTH_UNKNOWN, "not-offered");
	if (initial != INITIAL_NONE && !l->mechanism->client_first)
		return outcome_refuse(k, VERDICT_AUTH_INITIAL, "syntax");
	if (initial == INITIAL_MALFORMED)
		return outcome_refuse(k, VERDICT_AUTH_SYNTAX, "syntax");
	if (config->statedir.data != NULL && failures_refuse(k))
		return outcome_refuse(k, VERDICT_TEMPORARY, "limit");
	return start(k, response);
}

int
answer_auth_step(struct keeper *k)
{
	k->login.asked = k->now;
	return respond(k, channel_rest(&k->packet, 0));
}

/* ------------------------------------------- the authenticator's words --- */

static int
hear_word(struct keeper *k)
{
	static struct word word;
	struct keeper_login *l = &k->login;

	if (k->channel.pending == 0) {
		/* The authenticator died in the client's turn: the next step
		 * tells. */
		authenticator_lost(&l->authenticator);
		return 0;
	}
	if (authenticator_read(&l->authenticator, &word) == -1)
		return outcome_temporary(k, "");
	k->packet.len = 0;
	/* Who says this has found that there is such a mechanism. */
	if (word.result <= EXCHANGE_FAIL || word.result == WORD_NAMED)
		l->hidden = false;
	switch (word.result) {
	case EXCHANGE_CHALLENGE:
		return outcome_challenge(k, &word);
	case WORD_NAMED:
		guess_name(k, &word);
		return 0;
	default:
		return outcome_verdict(k, &word);
	}
}

/* ------------------------------------------------- without its verdict --- */

int
hear_auth_cancel(struct keeper *k)
{
	/* Garbage, where a guess was made: no verdict was wanted. */
	if (k->packet.code != CANCEL_SYNTAX ||
		k->login.guess.state == GUESS_MADE) {
		outcome_gone(k);
		return 0;
	}
	outcome_malformed(k);
	return 0;
}

void
login_abandon(struct keeper *k)
{
	if (k->login.state == LOGIN_EXCHANGE)
		outcome_gone(k);
	if (k->login.state == LOGIN_OFFER)
		outcome_stop(k);
	k->login.held_until = k->login.guess.retry_at = CLOCK_NEVER;
}

/* ------------------------------------------------------------ the loop --- */

void
login_init(struct keeper *k)
{
	authenticator_init(&k->login.authenticator);
	k->login.state = LOGIN_NONE;
	k->login.held_until = k->login.guess.retry_at = CLOCK_NEVER;
}

int
login_fd(const struct keeper *k)
{
	return k->login.authenticator.fd;
}

int64_t
login_next(const struct keeper *k)
{
	const struct keeper_login *l = &k->login;
	int64_t next = l->authenticator.deadline;

	if (l->held_until < next)
		next = l->held_until;
	return l->guess.retry_at < next ? l->guess.retry_at : next;
}

int
login_advance(struct keeper *k, bool readable)
{
	struct keeper_login *l = &k->login;

	if (l->state == LOGIN_OFFER)
		return offer_advance(k, readable);
	if (readable && hear_word(k) == -1)
		return -1;
	if (l->authenticator.deadline <= k->now &&
		outcome_temporary(k, "timeout") == -1)
		return -1;
	if (l->held_until <= k->now && outcome_release(k) == -1)
		return -1;
	return l->guess.retry_at <= k->now ? retry(k) : 0;
}

/* ------------------------------------------------------- others ask us --- */

bool
login_at_work(const struct keeper *k)
{
	return k->login.state == LOGIN_OFFER ||
	       k->login.state == LOGIN_EXCHANGE;
}

int64_t
login_deadline(const struct keeper *k)
{
	if (!k->config->require_auth || k->config->relayclient_set ||
		k->login.state == LOGIN_DONE)
		return CLOCK_NEVER;
	return k->channel.start + CHANNEL_LOGIN_MS + k->login.taken;
}

const char *
login_user(const struct keeper *k)
{
	return k->login.state == LOGIN_DONE ? k->login.user : NULL;
}

const char *
login_mechanism(const struct keeper *k)
{
	return k->login.mechanism->name;
}

struct slice
login_senders(const struct keeper *k)
{
	return (struct slice){k->senders, k->login.senders_len};
}
