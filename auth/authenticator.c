/*
 * authenticator - see authenticator.h: the dialogue of a mechanism, from the
 * jail to the verdict. Run by the authenticator, which the keeper forks.
 */
#include "auth/authenticator.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "auth/authenticator_jail.h"
#include "auth/kind.h"
#include "auth/word.h"
#include "lib/clock.h"
#include "lib/date.h"

#define KEEPER_FD AUTHENTICATOR_KEEPER
#define USERS_FD AUTHENTICATOR_OTHER

/*
 * Where users' secrets are of different kinds, the time of a failure would
 * tell which kind, and so whether there is such a user: none is answered
 * before the costliest kind would have been, and no success either, or going
 * away early would tell that it is none. Whole milliseconds are slept, the
 * rest is not: what is left over would tell how long the check has taken.
 */
static void
wait_for_floor(int users_fd, int64_t start)
{
	struct site site;
	int64_t until = start, left;

	if (users_site(users_fd, &site) == USERS_FOUND)
		until += (int64_t)site.floor_ms * 1000;
	explicit_bzero(&site, sizeof site);
	while ((left = until - clock_us()) > 0)
		clock_poll(NULL, 0, clock_ms() + left / 1000);
}

static enum exchange_result
exchange_step(struct exchange *x, struct slice response)
{
	int64_t start = clock_us();
	bool known = x->proven;

	x->challenge = BUFFER_OVER(x->challenge_text);
	x->reason = "";
	enum exchange_result result = x->mechanism->step(x, response);
	bool right = (result == EXCHANGE_OK || x->proven) && !known;

	if ((result == EXCHANGE_FAIL || right) && !x->collect)
		wait_for_floor(x->users_fd, start);
	return result;
}

static void
tell_name(const struct exchange *x)
{
	word_name(KEEPER_FD, (struct slice){x->login, x->login_len});
}

/*
 * With the verdict, so that the keeper never reads the user file. Looked up
 * anew, because the mechanisms wipe what they have read.
 */
static void
add_senders(struct word *word, struct exchange *x)
{
	struct buffer senders = BUFFER_OVER(word->body);
	enum users_result found = users_senders(x->users_fd,
		(struct slice){x->login, x->login_len}, &x->user, &senders);

	if (found == USERS_FOUND) {
		word->body_len = (uint32_t)senders.len;
		return;
	}
	word->result = EXCHANGE_TEMPORARY;
	word_put(word->reason, sizeof word->reason, "backend");
}

static void
put_result(struct word *word, const struct exchange *x,
	enum exchange_result result)
{
	bool said =
		result == EXCHANGE_CHALLENGE || result == EXCHANGE_COLLECTED;

	word->result = result;
	word->login_len = (uint32_t)x->login_len;
	memcpy(word->login, x->login, sizeof word->login);
	memcpy(word->label, x->label, sizeof word->label);
	word_put(word->reason, sizeof word->reason, x->reason);
	word->proven = x->proven;
	word->body_len = said ? (uint32_t)x->challenge.len : 0;
	memcpy(word->body, x->challenge_text, word->body_len);
}

/* The keeper must hear which step of its jail has failed, and nothing else. */
static _Noreturn void
report_jail(struct word *word, const char *failed, struct word_response *r)
{
	struct slice text;

	/* A close with octets unread in the socket would lose the word. */
	(void)word_await(KEEPER_FD, r, &text);
	word->result = WORD_JAIL;
	word_put(word->reason, sizeof word->reason, failed);
	word_say(KEEPER_FD, word);
	_exit(0);
}

static void
exchange_begin(struct exchange *x, const struct authenticator_setup *setup)
{
	/* Random octets are wanted inside, where getrandom is forbidden. */
	if (getrandom(x->random, sizeof x->random, 0) != sizeof x->random)
		_exit(1);
	x->mechanism = mechanism_find(slice_of(setup->name));
	x->users_fd = USERS_FD;
	x->authdomain = setup->authdomain;
	x->collect = setup->kind == AUTHENTICATOR_COLLECTOR;
	x->named = x->collect ? NULL : tell_name;
	x->facts = setup->facts;
	x->today = date_of(clock_seconds());
}

/* Checks by the user file, or only collects what is to be checked. */
static _Noreturn void
mechanism_run(int fd, const struct authenticator_setup *setup)
{
	static struct exchange x;
	static struct word word;
	static struct word_response response;
	struct slice text;

	exchange_begin(&x, setup);
	const char *failed =
		authenticator_jail_enter(fd, setup->users_fd, &setup->jail);

	if (failed != NULL)
		report_jail(&word, failed, &response);
	do {
		if (word_await(KEEPER_FD, &response, &text) == -1)
			_exit(0); /* cancelled, or the keeper is gone */
		put_result(&word, &x, exchange_step(&x, text));
		word_wipe(&response);
		if (word.result == EXCHANGE_OK && setup->senders)
			add_senders(&word, &x);
	} while (word_say(KEEPER_FD, &word) == 0 &&
		 word.result == EXCHANGE_CHALLENGE);
	_exit(0);
}

_Noreturn void
authenticator_run(int fd, const struct authenticator_setup *setup)
{
	switch (setup->kind) {
	case AUTHENTICATOR_CHECKPASSWORD:
		checkpassword_run(fd, setup);
	case AUTHENTICATOR_DOVECOT:
		dovecot_run(fd, setup);
	default:
		mechanism_run(fd, setup);
	}
}
