/*
 * paths - who may send, and to whom: the verdict on each sender and recipient
 * that the session tells or asks about, and the envelope made of those that
 * are allowed. Run by the keeper.
 */
#include "control/policy.h"
#include "keeper/keeper.h"
#include "keeper/message.h"

/* -------------------------------------------------------------- sender --- */

static enum policy_result
sender_policy(const struct keeper *k, struct slice sender)
{
	enum policy_result result = policy_sender(k->config, sender);

	if (result == POLICY_OK && k->config->sendercheck &&
		login_user(k) != NULL)
		result = policy_login_sender(k->config, slice_of(login_user(k)),
			login_senders(k), sender);
	return result;
}

static void
log_sender(struct keeper *k, struct slice sender, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, "sender refused");
	log_value(&line, "from", sender);
	log_text(&line, "reason", reason);
	if (login_user(k) != NULL)
		log_text(&line, "user", login_user(k));
	keeper_log(k, &line);
}

static int
take_sender(struct keeper *k, struct slice sender, bool asked)
{
	/* The session refuses this by itself; one that asks was taken over. */
	if (k->mail.state != MAIL_NONE ||
		(k->config->require_auth && !keeper_relays(k)))
		return -1;
	/* answer_open() looks, too: for a sender that is only told. */
	if (asked && mail_login_is_old(k))
		return VERDICT_USERS;
	enum policy_result result = sender_policy(k, sender);

	if (result != POLICY_OK && asked)
		log_sender(k, sender, result == POLICY_LOGIN ? "login" : "bad");
	if (result != POLICY_OK)
		return VERDICT_SENDER;
	bool lost =
		envelope_add(&k->mail.envelope, 'F', sender, SLICE_NONE) == -1;

	if (lost && asked)
		return VERDICT_TEMPORARY;
	k->mail.state = lost ? MAIL_LOST : MAIL_SENDER;
	return VERDICT_OK;
}

/* ----------------------------------------------------------- recipient --- */

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

static int
recipient_verdict(
	const struct keeper *k, struct slice path, const char **reason)
{
	uint64_t limit = k->config->maxrcpt;

	/* Type and NUL, and one more NUL at the end of all. */
	size_t room = path.len + k->config->relayclient.len + 3;

	*reason = "limit";
	if (k->mail.recipients >= CONFIG_RCPTS_MAX ||
		room > CHANNEL_ENVELOPE_MAX ||
		k->mail.envelope.len > CHANNEL_ENVELOPE_MAX - room ||
		(limit != 0 && k->mail.recipients >= limit))
		return VERDICT_TOO_MANY;
	switch (policy_recipient(k->config, path, keeper_relays(k))) {
	case POLICY_OK:
		return VERDICT_OK;
	case POLICY_BAD:
		*reason = "bad";
		return VERDICT_RECIPIENT;
	case POLICY_NO_DOMAIN:
		*reason = "bad";
		return VERDICT_NO_DOMAIN;
	case POLICY_RELAY:
		*reason = "relay";
		return VERDICT_RELAY;
	default:
		*reason = "backend";
		return VERDICT_TEMPORARY;
	}
}

static void
log_recipient(struct keeper *k, struct slice recipient, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, "rcpt refused");
	log_value(&line, "rcpt", recipient);
	log_text(&line, "reason", reason);
	keeper_log(k, &line);
}

static int
take_recipient(struct keeper *k, struct slice given, bool asked)
{
	char text[KEEPER_PATH_MAX + 400];
	struct slice path = replace_literal(k, given, text, sizeof text);
	bool counted = k->config->relaylimits.present && login_user(k) != NULL;
	const char *reason;

	/* What counts against relaylimits is always asked. */
	if (k->mail.state == MAIL_NONE || given.len == 0 || (counted && !asked))
		return -1;
	int verdict = recipient_verdict(k, path, &reason);

	/* The limit last: it counts what is accepted, and logs by itself. */
	if (verdict == VERDICT_OK && counted && !recipients_allow(k, path))
		return VERDICT_LIMIT;
	if (verdict == VERDICT_OK && envelope_add(&k->mail.envelope, 'T', path,
					     k->config->relayclient) == -1) {
		verdict = asked ? VERDICT_TEMPORARY : VERDICT_OK;
		reason = "memory";
		if (!asked)
			k->mail.state = MAIL_LOST;
	}
	if (verdict == VERDICT_OK)
		k->mail.recipients++;
	else if (asked)
		log_recipient(k, path, reason);
	return verdict;
}

/* --------------------------------------------------------------- paths --- */

/* The verdict on one path, which is in the envelope when it is VERDICT_OK. */
static int
take_path(struct keeper *k, char type, struct slice path, bool asked)
{
	if (!envelope_may_hold(path) || path.len > KEEPER_PATH_MAX)
		return -1;
	if (type == 'F')
		return take_sender(k, path, asked);
	if (type == 'T')
		return take_recipient(k, path, asked);
	return -1;
}

/*
 * The session has accepted all but the last in our name, and the last too
 * where it does not ask. It runs the same policy over the same settings, so
 * one of these that we would refuse is an attack.
 */
int
mail_take_paths(struct keeper *k, struct slice paths, bool asked)
{
	int verdict = VERDICT_OK;

	while (paths.len > 0) {
		struct slice path = slice_split(&paths, '\0');
		bool last = paths.len == 0;

		if (paths.data == NULL || path.len == 0)
			return -1;
		verdict = take_path(
			k, path.data[0], slice_from(path, 1), asked && last);
		if (verdict != VERDICT_OK && !(asked && last))
			return -1;
	}
	return verdict;
}
