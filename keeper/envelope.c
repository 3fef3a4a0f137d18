/*
 * envelope - the keeper's answers about sender and recipients. Run by the
 * keeper.
 */
#include <stdlib.h>
#include <string.h>

#include "keeper/keeper.h"

/* Keeps the memory for the next message. */
void
mail_forget(struct keeper *k)
{
	if (k->open)
		k->channel.since = k->now;
	k->mail = k->lost = k->open = k->finished = k->broken = false;
	k->envelope_len = k->recipients = 0;
	k->msgid_len = 0;
	if (k->config->relaylimits.present)
		recipients_give_back(k);
}

/* The first KEEPER_ENVELOPE_FIRST octets, most envelopes, need no malloc. */
static int
envelope_grow(struct keeper *k, size_t needed)
{
	size_t cap = sizeof k->envelope_first;
	char *larger = k->envelope_first;

	while (cap < needed)
		cap *= 2;
	if (cap > sizeof k->envelope_first) {
		char *old =
			k->envelope == k->envelope_first ? NULL : k->envelope;

		larger = realloc(old, cap);
		if (larger == NULL)
			return -1;
		if (old == NULL)
			memcpy(larger, k->envelope_first, k->envelope_len);
	}
	k->envelope = larger;
	k->envelope_cap = cap;
	return 0;
}

static int
envelope_add(struct keeper *k, struct slice text)
{
	if (text.len > k->envelope_cap - k->envelope_len &&
		envelope_grow(k, k->envelope_len + text.len) == -1)
		return -1;
	memcpy(k->envelope + k->envelope_len, text.data, text.len);
	k->envelope_len += text.len;
	return 0;
}

/* TYPE text suffix NUL, whole or not at all. */
static int
envelope_add_path(
	struct keeper *k, char type, struct slice text, struct slice suffix)
{
	size_t before = k->envelope_len;

	if (envelope_add(k, (struct slice){&type, 1}) == 0 &&
		envelope_add(k, text) == 0 &&
		(suffix.len == 0 || envelope_add(k, suffix) == 0) &&
		envelope_add(k, (struct slice){"", 1}) == 0)
		return 0;
	k->envelope_len = before;
	return -1;
}

int
envelope_end(struct keeper *k)
{
	return envelope_add(k, (struct slice){"", 1});
}

/* No octet that could end a path early reaches the envelope. */
static bool
is_clean(struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.data[i];

		if (c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

static enum policy_result
check_sender(const struct keeper *k, struct slice sender)
{
	enum policy_result result = policy_sender(k->config, sender);

	if (result == POLICY_OK && k->config->sendercheck &&
		k->login[0] != '\0')
		result = policy_login_sender(k->config, slice_of(k->login),
			(struct slice){k->senders, k->senders_len}, sender);
	return result;
}

/* Returns -1 for want of memory. */
static int
accept_sender(struct keeper *k, struct slice sender)
{
	struct slice none = {NULL, 0};

	if (envelope_add_path(k, 'F', sender, none) == -1)
		return -1;
	k->mail = true;
	k->first_recipient = k->envelope_len;
	return 0;
}

static void
log_sender(struct keeper *k, struct slice sender, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, "sender refused");
	log_value(&line, "from", sender);
	log_text(&line, "reason", reason);
	if (k->login[0] != '\0')
		log_text(&line, "user", k->login);
	keeper_log(k, &line);
}

int
answer_mail(struct keeper *k)
{
	struct slice sender = channel_rest(&k->packet, 0);
	unsigned verdict = VERDICT_OK;

	if (!is_clean(sender))
		return -1;
	/* The session refuses this by itself; one that asks was taken over. */
	if (k->config->require_auth && !keeper_relays(k))
		return -1;
	if (mail_login_is_old(k)) {
		k->packet.len = 0;
		return keeper_answer(k, VERDICT_USERS);
	}
	enum policy_result result = check_sender(k, sender);

	if (result != POLICY_OK) {
		log_sender(k, sender, result == POLICY_LOGIN ? "login" : "bad");
		verdict = VERDICT_SENDER;
	} else if (accept_sender(k, sender) == -1) {
		verdict = VERDICT_TEMPORARY;
	}
	k->packet.len = 0;
	return keeper_answer(k, verdict);
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

static unsigned
rcpt_verdict(const struct keeper *k, struct slice path, const char **reason)
{
	uint64_t limit = k->config->maxrcpt;

	/* Type and NUL, and one more NUL at the end of all. */
	size_t room = path.len + k->config->relayclient.len + 3;

	*reason = "limit";
	if (k->recipients >= CHANNEL_RCPTS_MAX || room > CHANNEL_ENVELOPE_MAX ||
		k->envelope_len > CHANNEL_ENVELOPE_MAX - room ||
		(limit != 0 && k->recipients >= limit))
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

/* relaylimits count: only by asking. */
static bool
limit_concerns(const struct keeper *k)
{
	return k->config->relaylimits.present && k->login[0] != '\0';
}

int
answer_rcpt(struct keeper *k)
{
	char text[1400];
	struct slice given = channel_rest(&k->packet, 0);
	struct slice path = replace_literal(k, given, text, sizeof text);
	const char *reason;
	struct log_line line;

	if (!is_clean(given))
		return -1;
	unsigned verdict = rcpt_verdict(k, path, &reason);

	/* The limit last: it counts what is accepted, and logs by itself. */
	if (verdict == VERDICT_OK && limit_concerns(k) &&
		!recipients_allow(k, path)) {
		k->packet.len = 0;
		return keeper_answer(k, VERDICT_LIMIT);
	}
	if (verdict == VERDICT_OK &&
		envelope_add_path(k, 'T', path, k->config->relayclient) == -1) {
		verdict = VERDICT_TEMPORARY;
		reason = "memory";
	}
	if (verdict == VERDICT_OK) {
		k->recipients++;
	} else {
		log_start(&line, &k->log, "rcpt refused");
		log_value(&line, "rcpt", path);
		log_text(&line, "reason", reason);
		keeper_log(k, &line);
	}
	k->packet.len = 0;
	return keeper_answer(k, verdict);
}

/* What the session may accept by itself, told late: -1 for anything else. */
static int
hear_path(struct keeper *k, char type, struct slice given)
{
	char text[1400];
	const char *reason;

	if (!is_clean(given) || given.len > KEEPER_PATH_MAX)
		return -1;
	if (type == 'F') {
		if (k->mail || (k->config->require_auth && !keeper_relays(k)) ||
			check_sender(k, given) != POLICY_OK)
			return -1;
		k->lost = accept_sender(k, given) == -1;
		k->mail = true;
		return 0;
	}
	struct slice path = replace_literal(k, given, text, sizeof text);

	if (type != 'T' || !k->mail || limit_concerns(k) ||
		rcpt_verdict(k, path, &reason) != VERDICT_OK)
		return -1;
	if (envelope_add_path(k, 'T', path, k->config->relayclient) == -1)
		k->lost = true;
	k->recipients++;
	return 0;
}

/*
 * The session has accepted these in our name. It runs the same policy over
 * the same settings, so one that we would refuse is an attack.
 */
int
envelope_take(struct keeper *k, struct slice rest)
{
	while (rest.len > 0) {
		struct slice path = slice_split(&rest, '\0');

		if (rest.data == NULL || path.len == 0 ||
			hear_path(k, path.data[0], slice_from(path, 1)) == -1)
			return -1;
	}
	return 0;
}

int
hear_envelope(struct keeper *k)
{
	return envelope_take(k, channel_rest(&k->packet, 0));
}
