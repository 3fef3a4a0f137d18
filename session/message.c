/*
 * message - what the keeper is asked and told of a message: sender and
 * recipients, its opening, its commit, its end. Run by the session.
 *
 * Policy and settings are the keeper's own code and memory. A path that they
 * accept is told to it in the request that opens the message, and decided
 * there once more: a round trip to the keeper costs as much as all else about
 * a recipient. What they refuse, and what the keeper alone can know, it is
 * asked.
 */
#include <string.h>
#include <unistd.h>

#include "control/policy.h"
#include "session/address.h"
#include "session/session.h"

static void
deferred_add(struct session *s)
{
	channel_add(&s->message, s->deferred, s->deferred_len);
	s->deferred_len = 0;
	s->told = true;
}

static void
deferred_tell(struct session *s)
{
	if (s->deferred_len == 0)
		return;
	channel_start(&s->message, TELL_ENVELOPE, 0);
	deferred_add(s);
	if (channel_send(s->channel, &s->message) == -1)
		_exit(111);
}

static bool
defer(struct session *s, char type, struct slice path)
{
	struct buffer b = {
		s->deferred, s->deferred_len, sizeof s->deferred, false};

	if (path.len + 2 > sizeof s->deferred - s->deferred_len)
		deferred_tell(s);
	b.len = s->deferred_len;
	buffer_add_char(&b, type);
	buffer_add_slice(&b, path);
	buffer_add_char(&b, '\0');
	if (b.overflow)
		return false;
	s->deferred_len = b.len;
	return true;
}

/* The most that a path can be in the keeper's envelope. */
static size_t
room_of(const struct session *s, struct slice path)
{
	/* Our own address in brackets becomes a name. */
	return path.len + s->config->relayclient.len +
	       s->config->localiphost.len + 3;
}

static void
deferred_count(struct session *s, struct slice path)
{
	s->envelope_len += room_of(s, path);
}

static bool
deferred_sender(struct session *s, struct slice sender)
{
	/* Only the keeper knows as whom a login may send. */
	bool checked = s->config->sendercheck && s->authenticated;

	return !checked && policy_sender(s->config, sender) == POLICY_OK &&
	       defer(s, 'F', sender);
}

static bool
deferred_recipient(struct session *s, struct slice recipient)
{
	const struct config *config = s->config;
	bool relay = s->authenticated || config->relayclient_set;

	/* Counts, a file and our own address are the keeper's. */
	if ((config->relaylimits.present && s->authenticated) ||
		(config->morercpthosts_fd != -1 && !relay) ||
		slice_find(recipient, '[') != recipient.len)
		return false;
	/* Near to the end of its room only the keeper knows what is left. */
	if (s->envelope_len + room_of(s, recipient) > CHANNEL_ENVELOPE_MAX)
		return false;
	if (s->recipients >= CHANNEL_RCPTS_MAX ||
		(config->maxrcpt != 0 && s->recipients >= config->maxrcpt))
		return false;
	return policy_recipient(config, recipient, relay) == POLICY_OK &&
	       defer(s, 'T', recipient);
}

static enum reply
check_sender(const struct session *s, enum address_result result,
	const struct address *sender, const struct mail_parameters *parameters)
{
	if (result == ADDRESS_SYNTAX)
		return REPLY_SENDER_SYNTAX;
	if (result == ADDRESS_PARAMETER)
		return REPLY_PARAMETER;
	if (result == ADDRESS_VALUE)
		return REPLY_PARAMETER_VALUE;
	if (sender->eight_bit && !parameters->smtputf8)
		return REPLY_NEEDS_UTF8;
	if (s->config->databytes != 0 && parameters->has_size &&
		parameters->size > s->config->databytes)
		return REPLY_TOO_BIG;
	return REPLY_NONE;
}

static enum reply
accept_sender(struct session *s, struct slice sender)
{
	if (deferred_sender(s, sender))
		return REPLY_OK_MAIL;
	channel_start(&s->message, ASK_MAIL, 0);
	channel_add(&s->message, sender.data, sender.len);
	switch (session_ask(s)) {
	case VERDICT_OK:
		s->told = true;
		return REPLY_OK_MAIL;
	case VERDICT_SENDER:
		return REPLY_SENDER_REFUSED;
	case VERDICT_USERS:
		return session_stop(s, END_USERS, REPLY_USERS_CHANGED);
	default:
		return REPLY_QUEUE_TEMPORARY;
	}
}

enum reply
command_mail(struct session *s, struct slice argument)
{
	struct address sender;
	struct mail_parameters parameters;

	if (session_must_log_in(s))
		return REPLY_AUTH_REQUIRED;
	if (s->mail || s->chunks == CHUNKS_FAILED)
		return REPLY_SEQUENCE_MAIL;
	enum reply reply = check_sender(s,
		address_mail(
			argument, s->config->smtputf8, &sender, &parameters),
		&sender, &parameters);

	if (reply != REPLY_NONE)
		return reply;
	reply = accept_sender(s, (struct slice){sender.text, sender.len});
	if (reply == REPLY_OK_MAIL) {
		s->mail = true;
		deferred_count(s, (struct slice){sender.text, sender.len});
		s->smtputf8 = parameters.smtputf8;
		s->body = parameters.body;
	}
	return reply;
}

static enum reply
rcpt_reply(int verdict)
{
	switch (verdict) {
	case VERDICT_OK:
		return REPLY_OK_RCPT;
	case VERDICT_TOO_MANY:
		return REPLY_TOO_MANY_RCPTS;
	case VERDICT_LIMIT:
		return REPLY_RELAY_LIMIT;
	case VERDICT_RECIPIENT:
		return REPLY_RCPT_REFUSED;
	case VERDICT_RELAY:
		return REPLY_RELAY;
	case VERDICT_NO_DOMAIN:
		return REPLY_NO_DOMAIN;
	default:
		return REPLY_QUEUE_TEMPORARY;
	}
}

enum reply
command_rcpt(struct session *s, struct slice argument)
{
	struct address recipient;

	if (s->chunks != CHUNKS_NONE)
		return REPLY_SEQUENCE_BDAT;
	if (!s->mail)
		return REPLY_SEQUENCE_NO_MAIL;
	switch (address_rcpt(argument, s->config->smtputf8, &recipient)) {
	case ADDRESS_OK:
		break;
	case ADDRESS_SYNTAX:
		return REPLY_RCPT_SYNTAX;
	default:
		return REPLY_PARAMETER;
	}
	if (recipient.eight_bit && !s->smtputf8)
		return REPLY_NEEDS_UTF8;
	int verdict = VERDICT_OK;
	struct slice path = {recipient.text, recipient.len};

	if (!deferred_recipient(s, path)) {
		deferred_tell(s);
		channel_start(&s->message, ASK_RCPT, 0);
		channel_add(&s->message, path.data, path.len);
		verdict = session_ask(s);
	}

	if (verdict == VERDICT_OK) {
		s->recipients++;
		deferred_count(s, path);
	} else if (s->authenticated) {
		/* A user's typing errors are no attack: counted apart. */
		session_reply(s, rcpt_reply(verdict));
		s->errors--;
		s->refused += verdict != VERDICT_TOO_MANY;
		if (s->refused >= SESSION_REFUSED_MAX)
			session_stop(s, END_ERRORS, REPLY_TOO_MANY_ERRORS);
		return REPLY_NONE;
	}
	return rcpt_reply(verdict);
}

static void
deferred_make_room(struct session *s, size_t others)
{
	if (s->deferred_len > CHANNEL_BODY_MAX - others)
		deferred_tell(s);
}

/* Asks for a message pipe. */
enum reply
message_open(struct session *s)
{
	struct channel_open open = {
		.flags = (s->esmtp ? OPEN_ESMTP : 0u) |
			 (s->smtputf8 ? OPEN_SMTPUTF8 : 0u) |
			 (s->body == BODY_7BIT ? OPEN_7BIT : 0u) |
			 (s->body == BODY_8BITMIME ? OPEN_8BITMIME : 0u),
		.helo_len = (uint32_t)s->helo_len};

	deferred_make_room(s, sizeof open + s->helo_len);
	channel_start(&s->message, ASK_OPEN, 0);
	channel_add(&s->message, &open, sizeof open);
	channel_add(&s->message, s->helo, s->helo_len);
	deferred_add(s);
	if (channel_send(s->channel, &s->message) == -1 ||
		channel_receive_fd(s->channel, &s->message, &s->pipe) == -1)
		session_leave(s);
	if (s->message.type != ASK_OPEN)
		_exit(111);
	pipe_start(s);
	if (s->message.code == VERDICT_OK && s->pipe != -1)
		return REPLY_NONE;
	if (s->message.code == VERDICT_USERS)
		session_stop(s, END_USERS, REPLY_USERS_CHANGED);
	return REPLY_QUEUE_TEMPORARY;
}

/* The message is whole: the keeper completes the envelope and waits. */
enum reply
message_commit(struct session *s)
{
	struct channel_queued queued;
	size_t at = 0;
	char text[CHANNEL_TEXT_MAX + 64];
	struct buffer b = BUFFER_OVER(text);

	if (pipe_end(s) == -1)
		return session_stream_failed(s);
	struct channel_commit request = {s->data.octets, s->written, s->broken};
	struct slice msgid = header_message_id(&s->header);

	channel_start(&s->message, ASK_COMMIT, 0);
	channel_add(&s->message, &request, sizeof request);
	channel_add(&s->message, msgid.data, msgid.len);
	if (channel_send(s->channel, &s->message) == -1)
		_exit(111);
	/*
	 * Everything is in the pipe. Its end comes after the word to the
	 * keeper, so that the program finds the envelope when it wakes up.
	 */
	close(s->pipe);
	s->pipe = -1;
	int verdict = session_await(s);

	s->mail = false; /* the keeper has forgotten it too */
	message_forget(s, ABORT_RESET);
	if (channel_take(&s->message, &at, &queued, sizeof queued) == -1)
		_exit(111);
	if (verdict == VERDICT_OK) {
		s->idle_commands = 0;
		buffer_add_text(&b, "250 2.0.0 ok ");
		buffer_add_number(&b, (uint64_t)queued.now);
		buffer_add_text(&b, " qp ");
		buffer_add_number(&b, (uint64_t)queued.qp);
	} else {
		buffer_add_text(
			&b, verdict == VERDICT_REFUSED ? "554 " : "451 ");
		buffer_add_slice(&b, channel_rest(&s->message, at));
	}
	session_reply_text(s, buffer_slice(&b));
	return REPLY_NONE;
}

void
message_forget(struct session *s, enum channel_abort why)
{
	struct slice msgid = {NULL, 0};

	if (s->pipe != -1) {
		close(s->pipe);
		msgid = header_message_id(&s->header);
	}
	s->pipe = -1;
	if (s->mail && s->told) {
		channel_start(&s->message, ASK_ABORT, why);
		channel_add(&s->message, msgid.data, msgid.len);
		session_ask(s);
	}
	s->deferred_len = s->envelope_len = 0;
	s->told = s->mail = s->smtputf8 = s->broken = false;
	s->recipients = 0;
	s->chunks = CHUNKS_NONE;
}
