/*
 * login - the keeper's answers about AUTH: it knows who, not how. Run by the
 * keeper.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "control/authmechs.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "lib/words.h"

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

/* No user file where one is expected: ours to mend, not the user's. */
static bool
users_missing(const struct keeper *k)
{
	return k->backend.kind == AUTHENTICATOR_USERS &&
	       k->backend.users_fd == -1;
}

static void
log_refused(struct keeper *k, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, "auth refused");
	if (k->mechanism != NULL)
		log_text(&line, "mech", k->mechanism->name);
	log_text(&line, "reason", reason);
	keeper_log(k, &line);
}

static void
log_outcome(struct keeper *k, const char *event, struct slice user,
	const char *label, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, event);
	if (user.len > 0)
		log_value(&line, "user", user);
	log_text(&line, "mech", k->mechanism->name);
	if (label[0] != '\0')
		log_text(&line, "label", label);
	if (reason[0] != '\0')
		log_text(&line, "reason", reason);
	keeper_log(k, &line);
}

/* A failure of ours: what exactly went wrong is for the admin. */
static void
log_temporary(struct keeper *k, struct slice user, const char *reason,
	const char *detail)
{
	struct log_line line;

	log_start(&line, &k->log, "auth temp");
	if (user.len > 0)
		log_value(&line, "user", user);
	log_text(&line, "mech", k->mechanism->name);
	log_text(&line, "reason", reason);
	if (detail[0] != '\0')
		log_text(&line, "detail", detail);
	keeper_log(k, &line);
}

static bool
offered(const struct keeper *k, struct slice name)
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

/* The request may hold a response, and so a password, that nobody took. */
static int
answer_without_body(struct keeper *k, unsigned verdict)
{
	explicit_bzero(k->packet.body, k->packet.len);
	k->packet.len = 0;
	return keeper_answer(k, verdict);
}

static int
refuse(struct keeper *k, unsigned verdict, const char *reason)
{
	log_refused(k, reason);
	return answer_without_body(k, verdict);
}

static int
temporary(struct keeper *k, const char *reason)
{
	struct slice nobody = {NULL, 0};

	authenticator_stop(&k->authenticator);
	guess_end(k);
	log_outcome(k, "auth temp", nobody, "", reason);
	return answer_without_body(k, VERDICT_TEMPORARY);
}

static int
hand_over(struct keeper *k, struct slice response)
{
	bool there = k->authenticator.fd != -1;

	if (there)
		authenticator_step(&k->authenticator, response);
	if (response.len > 0)
		explicit_bzero((char *)(uintptr_t)response.data, response.len);
	return there ? 0 : temporary(k, "backend");
}

/* Too many have failed, or are about to. */
static int
turn_down(struct keeper *k)
{
	authenticator_stop(&k->authenticator);
	guess_end(k);
	return refuse(k, VERDICT_TEMPORARY, "limit");
}

/* The request's memory is needed for what the session may say besides. */
static void
keep_response(struct keeper *k, struct slice response)
{
	memcpy(k->kept, response.data, response.len);
	k->kept_len = response.len;
	explicit_bzero(k->packet.body, k->packet.len);
}

static int
step(struct keeper *k, struct slice response)
{
	k->channel.pending = k->packet.type;
	k->channel.asked = k->now;
	switch (guess_response(k, response)) {
	case FAILURES_FULL:
		keep_response(k, response);
		return 0;
	case FAILURES_REFUSES:
		return turn_down(k);
	default:
		return hand_over(k, response);
	}
}

int
login_retry(struct keeper *k)
{
	switch (guess_retry(k)) {
	case FAILURES_FULL:
		return 0;
	case FAILURES_REFUSES:
		k->packet.len = 0;
		return turn_down(k);
	default:
		return hand_over(k, (struct slice){k->kept, k->kept_len});
	}
}

static int
start(struct keeper *k, struct slice response)
{
	if (users_missing(k)) {
		keeper_log_config(k, backend_name(k), k->backend.users_reason);
		return temporary(k, "backend");
	}
	guess_start(k);
	if (authenticator_start(k) == -1)
		return temporary(k, "backend");
	return step(k, response);
}

/*
 * One that is not built in, but perhaps Dovecot has it. Until that is known
 * the name is not logged: it may be a password in the wrong place.
 */
static const struct authmech *
foreign_mechanism(struct keeper *k, struct slice name)
{
	if (k->backend.kind != AUTHENTICATOR_DOVECOT ||
		!authmechs_name(name, k->foreign_name))
		return NULL;
	k->foreign = (struct authmech){
		.name = "other", .client_first = true, .proof = 1};
	/* As mechanisms go whose first message is no proof. */
	if (slice_starts_nocase(name, "SCRAM-"))
		k->foreign.proof = 2;
	return &k->foreign;
}

int
answer_auth(struct keeper *k)
{
	struct slice response = channel_rest(&k->packet, 0);
	struct slice name = slice_split(&response, '\0');
	unsigned initial = k->packet.code;

	if (response.data == NULL || initial > INITIAL_MALFORMED)
		return -1;
	if (initial != INITIAL_RESPONSE)
		response = (struct slice){NULL, 0};
	k->mechanism = authmechs_find(name);
	if (k->mechanism == NULL)
		k->mechanism = foreign_mechanism(k, name);
	if (k->failures >= KEEPER_FAILURES_MAX)
		return refuse(k, VERDICT_AUTH_LAST, "limit");
	if (k->config->forcetls && !k->tls.on && !k->config->tls_outside)
		return refuse(k, VERDICT_AUTH_NO_TLS, "no-tls");
	bool possible =
		offered(k, name) || (users_missing(k) && !k->config->auth_off);

	if (k->mechanism == NULL || !possible)
		return refuse(k, VERDICT_AUTH_UNKNOWN, "not-offered");
	if (initial != INITIAL_NONE && !k->mechanism->client_first)
		return refuse(k, VERDICT_AUTH_INITIAL, "syntax");
	if (initial == INITIAL_MALFORMED)
		return refuse(k, VERDICT_AUTH_SYNTAX, "syntax");
	if (k->config->statedir.data != NULL && failures_refuse(k))
		return refuse(k, VERDICT_TEMPORARY, "limit");
	return start(k, response);
}

int
answer_auth_step(struct keeper *k)
{
	struct slice response = channel_rest(&k->packet, 0);

	return step(k, response);
}

/* Without a verdict: one guess is lost where one was made. */
void
login_gone(struct keeper *k)
{
	struct slice user = {k->guess.user, k->guess.user_len};
	bool asked_us = k->mechanism != NULL; /* and not Dovecot's offer */
	const char *reason = guess_gone(k);

	authenticator_stop(&k->authenticator);
	if (!asked_us)
		return;
	if (reason == NULL)
		log_outcome(k, "auth cancel", (struct slice){NULL, 0}, "", "");
	else if (strcmp(reason, "gone") == 0)
		log_outcome(k, "auth fail", user, "", reason);
	else
		log_temporary(k, user, reason, "gone");
}

int
hear_auth_cancel(struct keeper *k)
{
	/* Garbage, where a guess was made: no verdict was wanted. */
	if (k->packet.code != CANCEL_SYNTAX || k->guess.state == GUESS_MADE) {
		login_gone(k);
		return 0;
	}
	authenticator_stop(&k->authenticator);
	guess_end(k);
	log_refused(k, "syntax");
	return 0;
}

/*
 * Held back for so long since the guess came. The keeper does not sleep: the
 * loop comes back when it is time.
 */
static int
answer_later(struct keeper *k, unsigned verdict, int64_t ms)
{
	int64_t until = k->guess.since + ms;

	if (until <= k->now)
		return keeper_answer(k, verdict);
	k->channel.held = verdict;
	k->channel.held_until = until;
	k->kept_len = k->packet.len;
	memcpy(k->kept, k->packet.body, k->kept_len);
	return 0;
}

int
login_release(struct keeper *k)
{
	k->channel.held_until = CLOCK_NEVER;
	k->packet.len = 0; /* a line for the trace may have come since */
	channel_add(&k->packet, k->kept, k->kept_len);
	return keeper_answer(k, k->channel.held);
}

static int
logged_in(struct keeper *k, const struct word *word)
{
	struct slice user = {word->login, word->login_len};

	/* It goes into environments and files of others. */
	if (user.len == 0 || slice_has_control(user) ||
		slice_string(user, k->login, sizeof k->login) == -1) {
		k->login[0] = '\0';
		guess_end(k);
		log_temporary(k, user, "backend", "no usable login");
		return keeper_answer(k, VERDICT_TEMPORARY);
	}
	if (word->body_len > 0 && word->body_len <= sizeof k->senders) {
		memcpy(k->senders, word->body, word->body_len);
		k->senders_len = word->body_len;
	}
	k->channel.since = k->now;
	/* No other authenticator will be needed. */
	if (k->jail.isolate)
		(void)jail_lower(JAIL_RIGHTS_KILL);
	log_outcome(k, "auth ok", user, word->label, "");
	return answer_later(k, VERDICT_OK, guess_right(k, user));
}

static int
failed(struct keeper *k, const struct word *word)
{
	struct slice user = {word->login, word->login_len};
	int64_t ms = 0;

	if (k->config->statedir.data != NULL)
		ms = failures_wrong(k, guess_user(k, word));
	guess_end(k); /* now that it is counted */
	k->failures++;
	log_outcome(k, "auth fail", user, "", word->reason);
	return answer_later(k,
		k->failures >= KEEPER_FAILURES_MAX ? VERDICT_AUTH_LAST
						   : VERDICT_AUTH_FAILED,
		ms);
}

/* Its last word, and so ours to the session. */
static int
answer_verdict(struct keeper *k, const struct word *word)
{
	struct slice user = {word->login, word->login_len};

	if (word->result == EXCHANGE_OK)
		return logged_in(k, word);
	if (word->result == EXCHANGE_FAIL)
		return failed(k, word);
	guess_end(k); /* it was none */
	switch (word->result) {
	case EXCHANGE_MALFORMED:
		log_outcome(k, "auth refused", user, "", "syntax");
		return keeper_answer(k, VERDICT_AUTH_SYNTAX);
	case WORD_NOT_OFFERED:
		return refuse(k, VERDICT_AUTH_UNKNOWN, "not-offered");
	case WORD_JAIL:
		keeper_log_config(k, k->jail.directory, word->reason);
		return keeper_answer(k, VERDICT_JAIL);
	default:
		if (word->set_up)
			keeper_log_config(k, backend_name(k), word->detail);
		log_temporary(k, user, word->reason, word->detail);
		return keeper_answer(k, VERDICT_TEMPORARY);
	}
}

/* One that tells of a right proof waits as long as the 535 would. */
static int
challenge(struct keeper *k, const struct word *word)
{
	int64_t ms = 0;

	guess_name(k, word);
	channel_add(&k->packet, word->body, word->body_len);
	if (word->proven) {
		ms = guess_right(k, guess_user(k, word));
		k->guess.state = GUESS_RIGHT;
	}
	return answer_later(k, VERDICT_CHALLENGE, ms);
}

int
login_verdict(struct keeper *k)
{
	static struct word word;

	if (k->channel.pending == 0) {
		/* It died in the client's turn: the next step will find out. */
		authenticator_lost(&k->authenticator);
		return 0;
	}
	if (authenticator_read(&k->authenticator, &word) == -1)
		return k->channel.pending == ASK_OFFER
			       ? offer_failed(k, "died")
			       : temporary(k, "backend");
	if (k->channel.pending == ASK_OFFER)
		return offer_made(k, &word);
	k->packet.len = 0;
	if ((word.result <= EXCHANGE_FAIL || word.result == WORD_NAMED) &&
		k->mechanism == &k->foreign)
		k->foreign.name = k->foreign_name; /* it is one */
	if (word.result == EXCHANGE_CHALLENGE)
		return challenge(k, &word);
	if (word.result == WORD_NAMED) {
		guess_name(k, &word);
		return 0;
	}
	/* First, so that whoever hears the verdict finds it gone. */
	authenticator_finish(&k->authenticator);
	return answer_verdict(k, &word);
}

int
login_timeout(struct keeper *k)
{
	if (k->channel.pending == ASK_OFFER)
		return offer_failed(k, "timeout");
	authenticator_stop(&k->authenticator);
	guess_end(k);
	log_temporary(k, (struct slice){NULL, 0}, "backend", "timeout");
	return answer_without_body(k, VERDICT_TEMPORARY);
}
