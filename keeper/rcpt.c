/* rcpt - see rcpt.h. Run by the keeper. */
#include "keeper/rcpt.h"

#include <string.h>

#include "control/policy.h"
#include "keeper/keeper.h"
#include "keeper/recipients.h"

/* A step's refusal; what has been logged by itself has no reason. */
static int
refuse(struct keeper *k, int verdict, const char *reason)
{
	k->mail.reason = reason;
	return verdict;
}

/* -------------------------------------------------------------- steps --- */

static bool
is_full(const struct keeper *k, struct slice path)
{
	uint64_t limit = k->config->maxrcpt;
	/* Type and NUL, and one more NUL at the end of all. */
	size_t room = path.len + k->config->relayclient.len + 3;

	return k->mail.recipients >= CONFIG_RCPTS_MAX ||
	       room > CHANNEL_ENVELOPE_MAX ||
	       k->mail.envelope.len > CHANNEL_ENVELOPE_MAX - room ||
	       (limit != 0 && k->mail.recipients >= limit);
}

/* maxrcpt, badrcptto, rcpthosts: what the session knows as well. */
static int
step_rules(struct keeper *k, struct slice path)
{
	if (is_full(k, path))
		return refuse(k, VERDICT_TOO_MANY, "limit");
	switch (policy_recipient(k->config, path, keeper_relays(k))) {
	case POLICY_OK:
		return VERDICT_OK;
	case POLICY_BAD:
		return refuse(k, VERDICT_RECIPIENT, "bad");
	case POLICY_NO_DOMAIN:
		return refuse(k, VERDICT_NO_DOMAIN, "bad");
	case POLICY_RELAY:
		return refuse(k, VERDICT_RELAY, "relay");
	default:
		return refuse(k, VERDICT_TEMPORARY, "backend");
	}
}

/* Opens the lists, at the first recipient that is to be looked up. */
static bool
open_valid(struct keeper *k)
{
	char name[64];
	struct buffer b = BUFFER_OVER(name);
	struct validrcptto *v = &k->rcpt.valid;

	if (!k->rcpt.opened)
		k->rcpt.broken =
			validrcptto_open(v, k->config->directory) == -1;
	k->rcpt.opened = true;
	if (k->rcpt.broken && v->file != NULL) {
		buffer_add_text(&b, "control/");
		buffer_add_text(&b, v->file);
		(void)buffer_string(&b); /* of the two names each fits */
		keeper_log_config(k, name, v->reason);
		v->file = NULL;
	}
	return !k->rcpt.broken;
}

/* validrcptto, and where it says nothing rcptcheck. */
static int
step_exists(struct keeper *k, struct slice path)
{
	enum validrcptto_result found = VALIDRCPTTO_UNLISTED;

	if (!policy_looks_up(k->config, keeper_relays(k)))
		return VERDICT_OK;
	if (open_valid(k))
		found = validrcptto_find(&k->rcpt.valid, path);
	if (found == VALIDRCPTTO_BROKEN)
		k->rcpt.broken = true;
	if (!open_valid(k))
		return refuse(k, VERDICT_TEMPORARY, "backend");
	if (found == VALIDRCPTTO_YES)
		return VERDICT_OK;
	if (found == VALIDRCPTTO_NO)
		return refuse(k, VERDICT_UNKNOWN, "unknown");
	if (k->config->rcptcheck.data != NULL)
		return rcptcheck_ask(k, path);
	return k->rcpt.valid.positive ? refuse(k, VERDICT_UNKNOWN, "unknown")
				      : VERDICT_OK;
}

static bool
is_counted(const struct keeper *k)
{
	return k->config->relaylimits.present && login_user(k) != NULL;
}

/* relaylimits: it counts what nothing before it has refused. */
static int
step_limit(struct keeper *k, struct slice path)
{
	if (is_counted(k) && !recipients_allow(k, path))
		return refuse(k, VERDICT_LIMIT, NULL);
	return VERDICT_OK;
}

static int (*const steps[])(struct keeper *k, struct slice path) = {
	step_rules, step_exists, step_limit, policy_ask_rcpt};

enum { STEPS_COUNTED = 3 }; /* so many, and it is counted */

/* --------------------------------------------------- one after another --- */

static void
log_recipient(struct keeper *k, struct slice recipient)
{
	struct log_line line;

	if (k->mail.reason == NULL)
		return;
	log_start(&line, &k->log, "rcpt refused");
	log_value(&line, "rcpt", recipient);
	log_text(&line, "reason", k->mail.reason);
	keeper_log(k, &line);
}

/* All steps have said yes. */
static int
add_recipient(struct keeper *k, struct slice path, bool asked)
{
	if (envelope_add(&k->mail.envelope, 'T', path,
		    k->config->relayclient) == 0) {
		k->mail.recipients++;
		return VERDICT_OK;
	}
	if (asked)
		return refuse(k, VERDICT_TEMPORARY, "memory");
	k->mail.state = MAIL_LOST;
	return VERDICT_OK;
}

/* relaylimits counts what is refused behind its step no longer. */
static void
uncount(struct keeper *k, int verdict)
{
	if (verdict != VERDICT_OK && verdict != VERDICT_LATER &&
		k->mail.step > STEPS_COUNTED && is_counted(k))
		recipients_uncount(k);
}

static int
run_steps(struct keeper *k, struct slice path, bool asked)
{
	int verdict = VERDICT_OK;

	while (verdict == VERDICT_OK &&
		k->mail.step < sizeof steps / sizeof *steps)
		verdict = steps[k->mail.step++](k, path);
	if (verdict == VERDICT_OK)
		verdict = add_recipient(k, path, asked);
	uncount(k, verdict);
	if (verdict != VERDICT_OK && verdict != VERDICT_LATER && asked)
		log_recipient(k, path);
	return verdict;
}

/* Whom a step has asked has answered: on with the next one. */
static int
go_on(struct keeper *k, int verdict)
{
	struct slice path = {k->rcpt.path, k->rcpt.path_len};

	if (verdict == VERDICT_OK)
		verdict = run_steps(k, path, true);
	else
		uncount(k, verdict);
	return rcpt_answer(k, verdict);
}

/* user@[our ip] is user@localiphost, as qmail-smtpd has it. */
static struct slice
replace_literal(
	const struct keeper *k, struct slice path, char *out, size_t cap)
{
	size_t at = slice_find_last(path, '@');
	struct buffer literal = {out, 0, cap, false};

	if (at == path.len)
		return path;
	buffer_add_char(&literal, '[');
	buffer_add_slice(&literal, k->config->local_ip);
	buffer_add_char(&literal, ']');
	if (literal.overflow ||
		!slice_equal(buffer_slice(&literal), slice_from(path, at + 1)))
		return path;
	literal.len = 0;
	buffer_add(&literal, path.data, at + 1);
	buffer_add_slice(&literal, k->config->localiphost);
	return literal.overflow ? path : buffer_slice(&literal);
}

int
rcpt_take(struct keeper *k, struct slice given, bool asked)
{
	char text[RCPT_PATH_MAX];
	struct slice path = replace_literal(k, given, text, sizeof text);

	/* What counts, or takes more than settings, is always asked. */
	if (k->mail.state == MAIL_NONE || given.len == 0 ||
		(!asked && (is_counted(k) ||
				   policy_asks(k->config, keeper_relays(k)))))
		return -1;
	k->mail.step = 0;
	int verdict = run_steps(k, path, asked);

	if (verdict == VERDICT_LATER) {
		memmove(k->rcpt.path, path.data, path.len);
		k->rcpt.path_len = path.len;
	}
	return verdict;
}

int
rcpt_answer(struct keeper *k, int verdict)
{
	if (verdict == -1)
		return -1;
	k->packet.len = 0;
	if (verdict == VERDICT_LATER) {
		k->channel.pending = ASK_PATHS;
		k->late.asked = k->now;
		k->late.then = go_on;
		return 0;
	}
	if (verdict == VERDICT_SAID || verdict == VERDICT_SAID_LAST)
		channel_add(&k->packet, k->rcpt.said, strlen(k->rcpt.said));
	return keeper_answer(k, (unsigned)verdict);
}
