/* outcome - see outcome.h. Run by the keeper. */
#include "keeper/outcome.h"

#include <string.h>

#include "keeper/keeper.h"
#include "lib/clock.h"

/* What stands behind logins, as the admin has named it. */
static const char *
backend_name(const struct keeper *k)
{
	if (k->backend.kind == AUTHENTICATOR_CHECKPASSWORD)
		return k->backend.program[0];
	return k->backend.kind == AUTHENTICATOR_DOVECOT
		       ? k->backend.socket
		       : "control/authusers.cdb";
}

/* ----------------------------------------------------- log and answers --- */

/* Whom it is about, and by which mechanism, as far as both are known. */
static void
log_login(struct log_line *line, struct keeper *k, const char *event,
	struct slice user)
{
	const struct keeper_login *l = &k->login;

	log_start(line, &k->log, event);
	if (user.len > 0)
		log_value(line, "user", user);
	if (l->mechanism != NULL)
		log_text(
			line, "mech", l->hidden ? "other" : l->mechanism->name);
}

/* With one word more, which may be empty. */
static void
log_outcome(struct keeper *k, const char *event, struct slice user,
	const char *what, const char *word)
{
	struct log_line line;

	log_login(&line, k, event, user);
	if (word[0] != '\0')
		log_text(&line, what, word);
	keeper_log(k, &line);
}

/* A failure of ours: what exactly went wrong is for the admin. */
static void
log_temporary(struct keeper *k, struct slice user, const char *reason,
	const char *detail)
{
	struct log_line line;

	log_login(&line, k, "auth temp", user);
	log_text(&line, "reason", reason);
	if (detail[0] != '\0')
		log_text(&line, "detail", detail);
	keeper_log(k, &line);
}

/* The time that it took is not the client's. */
static int
answer(struct keeper *k, unsigned verdict)
{
	k->login.taken += channel_held(k->now - k->login.asked);
	return keeper_answer(k, verdict);
}

/* The request may hold a response, and so a password, that SLICE_NONE took. */
static int
answer_without_body(struct keeper *k, unsigned verdict)
{
	explicit_bzero(k->packet.body, k->packet.len);
	k->packet.len = 0;
	return answer(k, verdict);
}

/* ------------------------------------------ in place of a verdict --- */

int
outcome_refuse(struct keeper *k, unsigned verdict, const char *reason)
{
	log_outcome(k, "auth refused", SLICE_NONE, "reason", reason);
	return answer_without_body(k, verdict);
}

/* The exchange is over without a verdict. */
void
outcome_stop(struct keeper *k)
{
	authenticator_stop(&k->login.authenticator);
	k->login.state = LOGIN_NONE;
	guess_end(k);
}

int
outcome_temporary(struct keeper *k, const char *detail)
{
	outcome_stop(k);
	log_temporary(k, SLICE_NONE, "backend", detail);
	return answer_without_body(k, VERDICT_TEMPORARY);
}

/* Too many have failed, or are about to. */
int
outcome_turn_down(struct keeper *k)
{
	outcome_stop(k);
	return outcome_refuse(k, VERDICT_TEMPORARY, "limit");
}

void
outcome_malformed(struct keeper *k)
{
	outcome_stop(k);
	log_outcome(k, "auth refused", SLICE_NONE, "reason", "syntax");
}

/* One guess is lost where one was made. */
void
outcome_gone(struct keeper *k)
{
	const struct guess *guess = &k->login.guess;
	struct slice user = {guess->user, guess->user_len};
	const char *reason = guess_gone(k);

	outcome_stop(k);
	if (reason == NULL)
		log_outcome(k, "auth cancel", SLICE_NONE, "reason", "");
	else if (strcmp(reason, "gone") == 0)
		log_outcome(k, "auth fail", user, "reason", reason);
	else
		log_temporary(k, user, reason, "gone");
}

/* ------------------------------------------ the authenticator's word --- */

/*
 * The answer is held back for so long since the guess came. The keeper does not
 * sleep: the loop comes back when it is time.
 */
static int
answer_later(struct keeper *k, unsigned verdict, int64_t ms)
{
	struct keeper_login *l = &k->login;
	int64_t until = l->guess.since + ms;

	if (until <= k->now)
		return answer(k, verdict);
	l->held = verdict;
	l->held_until = until;
	l->kept_len = k->packet.len;
	memcpy(k->kept, k->packet.body, l->kept_len);
	return 0;
}

int
outcome_release(struct keeper *k)
{
	k->login.held_until = CLOCK_NEVER;
	k->packet.len = 0; /* a line for the trace may have come since */
	channel_add(&k->packet, k->kept, k->login.kept_len);
	return answer(k, k->login.held);
}

/* A challenge that tells of a right proof waits as long as the 535 would. */
int
outcome_challenge(struct keeper *k, const struct word *word)
{
	int64_t ms = 0;

	guess_name(k, word);
	channel_add(&k->packet, word->body, word->body_len);
	if (word->proven) {
		ms = guess_right(k, guess_user(k, word));
		k->login.guess.state = GUESS_RIGHT;
	}
	return answer_later(k, VERDICT_CHALLENGE, ms);
}

static int
logged_in(struct keeper *k, const struct word *word)
{
	struct keeper_login *l = &k->login;
	struct slice user = {word->login, word->login_len};

	/* The login goes into environments and files of others. */
	if (user.len == 0 || slice_has_control(user) ||
		slice_string(user, l->user, sizeof l->user) == -1) {
		guess_end(k);
		log_temporary(k, user, "backend", "no usable login");
		return answer(k, VERDICT_TEMPORARY);
	}
	l->state = LOGIN_DONE;
	if (word->body_len > 0 && word->body_len <= sizeof k->senders) {
		memcpy(k->senders, word->body, word->body_len);
		l->senders_len = word->body_len;
	}
	k->channel.since = k->now;
	/* No other authenticator will be needed. */
	if (k->jail.isolate)
		(void)jail_lower(JAIL_RIGHTS_KILL);
	log_outcome(k, "auth ok", user, "label", word->label);
	return answer_later(k, VERDICT_OK, guess_right(k, user));
}

static int
failed(struct keeper *k, const struct word *word)
{
	struct slice user = {word->login, word->login_len};
	int64_t ms = 0;

	if (k->config->statedir.data != NULL)
		ms = failures_count(k, guess_user(k, word), true);
	guess_end(k); /* now that it is counted */
	k->login.failures++;
	log_outcome(k, "auth fail", user, "reason", word->reason);
	return answer_later(k,
		k->login.failures >= KEEPER_FAILURES_MAX ? VERDICT_AUTH_LAST
							 : VERDICT_AUTH_FAILED,
		ms);
}

/* No challenge comes any more: the exchange is over. */
int
outcome_verdict(struct keeper *k, const struct word *word)
{
	struct slice user = {word->login, word->login_len};

	/* First: who hears the verdict finds no authenticator any more. */
	authenticator_finish(&k->login.authenticator);
	k->login.state = LOGIN_NONE;
	if (word->result == EXCHANGE_OK)
		return logged_in(k, word);
	if (word->result == EXCHANGE_FAIL)
		return failed(k, word);
	guess_end(k); /* nothing was said of a password: it was no guess */
	switch (word->result) {
	case EXCHANGE_MALFORMED:
		log_outcome(k, "auth refused", user, "reason", "syntax");
		return answer(k, VERDICT_AUTH_SYNTAX);
	case WORD_NOT_OFFERED:
		return outcome_refuse(k, VERDICT_AUTH_UNKNOWN, "not-offered");
	case WORD_JAIL:
		keeper_log_config(k, k->jail.directory, word->reason);
		return answer(k, VERDICT_JAIL);
	default:
		if (word->set_up)
			keeper_log_config(k, backend_name(k), word->detail);
		log_temporary(k, user, word->reason, word->detail);
		return answer(k, VERDICT_TEMPORARY);
	}
}
