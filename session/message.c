/*
 * message - what the keeper is asked and told of a message. Run by the
 * session. The life of a message, which this page follows:
 *
 *   command_mail     A sender is accepted: by policy, which is known here, or
 *   command_rcpt     by the keeper, who is asked. Then recipients likewise.
 *                    What policy accepts is not asked, but kept: the untold.
 *   message_open     DATA or the first BDAT. With the untold paths goes the
 *                    question for a message pipe; a queue program reads it.
 *   body.c, pipe.c   The octets, from the client into the pipe.
 *   message_commit   All are in it: what does the queue program say?
 *   message_forget   In place of the commit, and at any time: RSET, EHLO, a
 *                    message that may not be queued.
 *
 * keeper/message.c answers, in the same order.
 */
#include "session/message.h"

#include <string.h>
#include <unistd.h>

#include "control/policy.h"
#include "session/session.h"

/* --------------------------------------------------------------- paths --- */

/* Adds the untold paths to a request: now the keeper knows them all. */
static void
tell_paths(struct session *s)
{
	channel_add(&s->packet, s->untold, s->mail.untold_len);
	s->mail.untold_len = 0;
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
keep_untold(struct session *s, char type, struct slice path)
{
	struct buffer b = {
		s->untold, s->mail.untold_len, sizeof s->untold, false};

	buffer_add_char(&b, type);
	buffer_add_slice(&b, path);
	buffer_add_char(&b, '\0');
	s->mail.untold_len = b.len; /* MESSAGE_UNTOLD_MAX: it always fits */
}

/* Does the keeper ask others about recipients? */
static bool
asks_others(const struct session *s)
{
	return policy_asks(
		s->config, s->authenticated || s->config->relayclient_set);
}

/*
 * The verdict on a path. Session and keeper run the same policy over the same
 * settings: what that allows is accepted without asking, and told with the next
 * question. The keeper then decides once more. A round trip to the keeper costs
 * as much as all else about a recipient.
 */
static int
path_verdict(struct session *s, char type, struct slice path, bool allowed)
{
	struct message *mail = &s->mail;
	int verdict = VERDICT_OK;

	keep_untold(s, type, path);
	if (!allowed || mail->untold_len > MESSAGE_UNTOLD_MAX) {
		channel_start(&s->packet, ASK_PATHS, 0);
		tell_paths(s);
		verdict =
			asks_others(s) ? session_ask_slowly(s) : session_ask(s);
		/* That is about the last; the others are in the envelope. */
		if (mail->state != MESSAGE_NONE || verdict == VERDICT_OK)
			mail->state = MESSAGE_TOLD;
	} else if (mail->state == MESSAGE_NONE) {
		mail->state = MESSAGE_SENDER;
	}
	if (verdict == VERDICT_OK)
		mail->envelope_len += room_of(s, path);
	return verdict;
}

/* ---------------------------------------------------------------- MAIL --- */

static enum reply
sender_fault(const struct session *s, enum address_result result,
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

static bool
sender_allowed(const struct session *s, struct slice sender)
{
	/* Only the keeper knows as whom a login may send. */
	if (s->config->sendercheck && s->authenticated)
		return false;
	return policy_sender(s->config, sender) == POLICY_OK;
}

static enum reply
sender_reply(struct session *s, int verdict)
{
	switch (verdict) {
	case VERDICT_OK:
		return REPLY_OK_MAIL;
	case VERDICT_SENDER:
		return REPLY_SENDER_REFUSED;
	case -1: /* the client is gone */
		return REPLY_NONE;
	case VERDICT_USERS:
		return session_stop(s, END_USERS, REPLY_USERS_CHANGED);
	default:
		return REPLY_QUEUE_TEMPORARY;
	}
}

enum reply
command_mail(struct session *s, struct slice argument)
{
	struct address sender = {.len = 0};
	struct mail_parameters parameters;

	enum address_result result = address_mail(
		argument, s->config->smtputf8, &sender, &parameters);
	enum reply fault = sender_fault(s, result, &sender, &parameters);

	if (fault != REPLY_NONE)
		return fault;
	struct slice path = {sender.text, sender.len};

	s->mail.smtputf8 = parameters.smtputf8;
	s->mail.body = parameters.body;
	return sender_reply(
		s, path_verdict(s, 'F', path, sender_allowed(s, path)));
}

/* ---------------------------------------------------------------- RCPT --- */

static bool
recipient_allowed(const struct session *s, struct slice recipient)
{
	const struct config *config = s->config;
	const struct message *mail = &s->mail;
	bool relay = s->authenticated || config->relayclient_set;

	/* Counts, files and our own address are the keeper's. */
	if ((config->relaylimits.present && s->authenticated) ||
		asks_others(s) || (config->morercpthosts_fd != -1 && !relay) ||
		slice_find(recipient, '[') != recipient.len)
		return false;
	/* Near to the end of its room only the keeper knows what is left. */
	if (mail->envelope_len + room_of(s, recipient) > CHANNEL_ENVELOPE_MAX)
		return false;
	if (mail->recipients >= CONFIG_RCPTS_MAX ||
		(config->maxrcpt != 0 && mail->recipients >= config->maxrcpt))
		return false;
	return policy_recipient(config, recipient, relay) == POLICY_OK;
}

static struct slice
recipient_text(const struct session *s, int verdict)
{
	static const struct {
		enum verdict verdict;
		enum reply reply;
	} replies[] = {
		{VERDICT_OK, REPLY_OK_RCPT},
		{VERDICT_TOO_MANY, REPLY_TOO_MANY_RCPTS},
		{VERDICT_RECIPIENT, REPLY_RCPT_REFUSED},
		{VERDICT_NO_DOMAIN, REPLY_NO_DOMAIN},
		{VERDICT_RELAY, REPLY_RELAY},
		{VERDICT_UNKNOWN, REPLY_NO_RECIPIENT},
		{VERDICT_LIMIT, REPLY_RELAY_LIMIT},
	};

	if (verdict == VERDICT_SAID || verdict == VERDICT_SAID_LAST)
		return channel_rest(&s->packet, 0);
	for (size_t i = 0; i < sizeof replies / sizeof *replies; i++)
		if ((int)replies[i].verdict == verdict)
			return reply_text(replies[i].reply);
	return reply_text(REPLY_QUEUE_TEMPORARY);
}

/* Somebody who was asked wants no more of this client. */
static void
stop_after(struct session *s, int verdict)
{
	if (verdict == VERDICT_SAID_LAST)
		session_stop(s, END_ERRORS, REPLY_NONE);
}

/* A user's typing errors are no attack: counted apart. */
static enum reply
refuse_to_user(struct session *s, int verdict)
{
	session_reply_forgiven(s, recipient_text(s, verdict));
	s->refused += verdict != VERDICT_TOO_MANY;
	if (s->refused >= SESSION_REFUSED_MAX)
		session_stop(s, END_ERRORS, REPLY_TOO_MANY_ERRORS);
	stop_after(s, verdict);
	return REPLY_NONE;
}

enum reply
command_rcpt(struct session *s, struct slice argument)
{
	struct address recipient = {.len = 0};

	switch (address_rcpt(argument, s->config->smtputf8, &recipient)) {
	case ADDRESS_OK:
		break;
	case ADDRESS_SYNTAX:
		return REPLY_RCPT_SYNTAX;
	default:
		return REPLY_PARAMETER;
	}
	if (recipient.eight_bit && !s->mail.smtputf8)
		return REPLY_NEEDS_UTF8;
	struct slice path = {recipient.text, recipient.len};

	if (asks_others(s))
		keep_untold(s, s->esmtp ? 'E' : 'H',
			(struct slice){s->helo, s->helo_len});
	int verdict = path_verdict(s, 'T', path, recipient_allowed(s, path));

	if (verdict == -1)
		return REPLY_NONE; /* the client is gone */
	if (verdict == VERDICT_OK)
		s->mail.recipients++;
	else if (s->authenticated)
		return refuse_to_user(s, verdict);
	session_reply_text(s, recipient_text(s, verdict));
	stop_after(s, verdict);
	return REPLY_NONE;
}

/* --------------------------------------------------- open, commit, end --- */

enum reply
message_open(struct session *s)
{
	struct message *mail = &s->mail;
	struct channel_open open = {
		.flags = (s->esmtp ? OPEN_ESMTP : 0u) |
			 (mail->smtputf8 ? OPEN_SMTPUTF8 : 0u) |
			 (mail->body == BODY_7BIT ? OPEN_7BIT : 0u) |
			 (mail->body == BODY_8BITMIME ? OPEN_8BITMIME : 0u),
		.helo_len = (uint32_t)s->helo_len};

	channel_start(&s->packet, ASK_OPEN, 0);
	channel_add(&s->packet, &open, sizeof open);
	channel_add(&s->packet, s->helo, s->helo_len);
	tell_paths(s);
	mail->state = MESSAGE_TOLD;
	if (channel_send(s->channel, &s->packet) == -1 ||
		channel_receive_fd(s->channel, &s->packet, &mail->pipe) == -1)
		session_leave(s);
	if (s->packet.type != ASK_OPEN)
		_exit(111);
	if (s->packet.code == VERDICT_OK && mail->pipe != -1) {
		mail->state = MESSAGE_OPEN;
		pipe_start(s);
		return REPLY_NONE;
	}
	if (s->packet.code == VERDICT_USERS)
		session_stop(s, END_USERS, REPLY_USERS_CHANGED);
	return REPLY_QUEUE_TEMPORARY;
}

static void
forget(struct message *mail)
{
	mail->state = MESSAGE_NONE;
	mail->smtputf8 = false;
	mail->recipients = 0;
	mail->untold_len = mail->envelope_len = 0;
}

/* All of the text is in the pipe: the keeper writes the envelope, and waits. */
static int
commit_verdict(struct session *s)
{
	struct message *mail = &s->mail;
	struct channel_commit request = {mail->data.octets, mail->written,
		mail->state == MESSAGE_BROKEN};
	struct slice msgid = header_message_id(&s->header);

	channel_start(&s->packet, ASK_COMMIT, 0);
	channel_add(&s->packet, &request, sizeof request);
	channel_add(&s->packet, msgid.data, msgid.len);
	if (channel_send(s->channel, &s->packet) == -1)
		_exit(111);
	/*
	 * The end of the text comes after the word to the keeper, so that the
	 * program finds the envelope when it wakes up.
	 */
	close(mail->pipe);
	mail->pipe = -1;
	return session_await(s);
}

enum reply
message_commit(struct session *s)
{
	struct channel_queued queued;
	size_t at = 0;
	char text[CHANNEL_TEXT_MAX + 64];
	struct buffer b = BUFFER_OVER(text);

	if (pipe_end(s) == -1)
		return session_stream_failed(s);
	int verdict = commit_verdict(s);

	forget(&s->mail); /* as the keeper has */
	if (channel_take(&s->packet, &at, &queued, sizeof queued) == -1)
		_exit(111);
	if (verdict == VERDICT_OK) {
		s->idle_commands = 0;
		buffer_add_text(&b, "250 2.0.0 ok ");
		buffer_add_number(&b, (uint64_t)queued.now);
		buffer_add_text(&b, " qp ");
		buffer_add_number(&b, (uint64_t)queued.qp);
	} else {
		if (verdict == VERDICT_REFUSED)
			buffer_add_text(&b, "554 ");
		else if (verdict == VERDICT_TEMPORARY)
			buffer_add_text(&b, "451 ");
		buffer_add_slice(&b, channel_rest(&s->packet, at));
	}
	session_reply_text(s, buffer_slice(&b));
	stop_after(s, verdict);
	return REPLY_NONE;
}

void
message_forget(struct session *s, enum channel_abort why)
{
	struct message *mail = &s->mail;
	struct slice msgid = SLICE_NONE;

	if (mail->pipe != -1) {
		close(mail->pipe);
		msgid = header_message_id(&s->header);
	}
	mail->pipe = -1;
	if (mail->state >= MESSAGE_TOLD && mail->state != MESSAGE_REFUSED) {
		channel_start(&s->packet, ASK_ABORT, why);
		channel_add(&s->packet, msgid.data, msgid.len);
		session_ask(s);
	}
	forget(mail);
}
