/*
 * paths - who may send, and to whom: the list of senders and recipients that
 * the session tells or asks about, the verdict on a sender (rcpt.c has that on
 * a recipient), and the envelope made of those that are allowed. Run by the
 * keeper.
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

/* --------------------------------------------------------------- paths --- */

/* What the client said in HELO: kept for those who are asked. */
static int
take_helo(struct keeper *k, struct slice helo)
{
	if (helo.len > sizeof k->mail.helo)
		return -1;
	for (size_t i = 0; i < helo.len; i++) {
		unsigned char c = (unsigned char)helo.data[i];

		k->mail.helo[i] = c < ' ' || c == 0x7f ? '?' : (char)c;
	}
	k->mail.helo_len = helo.len;
	return VERDICT_OK;
}

/* The verdict on one path, which is in the envelope when it is VERDICT_OK. */
static int
take_path(struct keeper *k, char type, struct slice path, bool asked)
{
	if (type == 'H' || type == 'E') {
		k->mail.esmtp = type == 'E';
		return take_helo(k, path);
	}
	/* The grammar of addresses has none: a NUL would end the path early. */
	if (slice_has_control(path) || path.len > KEEPER_PATH_MAX)
		return -1;
	if (type == 'F')
		return take_sender(k, path, asked);
	if (type == 'T')
		return rcpt_take(k, path, asked);
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

		if (paths.data == NULL || path.len == 0 ||
			(last && (path.data[0] == 'H' || path.data[0] == 'E')))
			return -1;
		verdict = take_path(
			k, path.data[0], slice_from(path, 1), asked && last);
		if (verdict != VERDICT_OK && !(asked && last))
			return -1;
	}
	return verdict;
}
