/*
 * login - the AUTH dialogue (RFC 4954): base64 off and on, lines back and
 * forth. What the octets mean is the authenticator's affair. Run by the
 * session. The life of a login, as keeper/login.c answers it:
 *
 *   auth_learn_offer  Before the login, with Dovecot: what may EHLO name?
 *   command_auth      AUTH and a mechanism, perhaps a response on its line.
 *   start             The request for it, which the keeper may turn down.
 *   ask_slowly        The answer comes when the password has been looked at,
 *                     and later where there were failures.
 *   put_challenge     The answer is a challenge: 334.
 *   respond           The client's next line is its response: the next request.
 *   cancel            Or that line is "*", or nothing that is a response.
 *   outcome           The answer is a verdict: the reply. Who has logged in is
 *                     so to the end of the connection.
 */
#include <string.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "session/session.h"

#define RESPONSE_MAX BASE64_DECODED_MAX(SESSION_AUTH_LINE_MAX)
#define CHALLENGE_TEXT_MAX                                                     \
	BASE64_ENCODED_LEN(BASE64_DECODED_MAX(SESSION_AUTH_LINE_MAX))

void
auth_learn_offer(struct session *s)
{
	if (s->offer_asks == 0)
		return;
	s->offer_asks--;
	channel_start(&s->packet, ASK_OFFER, 0);
	switch (session_ask_slowly(s)) {
	case VERDICT_OK:
		break;
	case VERDICT_JAIL:
		session_stop(s, END_JAIL, REPLY_UNAVAILABLE);
		return;
	default: /* what was offered before stays */
		return;
	}
	struct slice names = channel_rest(&s->packet, 0);

	s->offer_asks = 0;
	s->mechanisms = (struct slice){s->offer, names.len};
	memcpy(s->offer, names.data, names.len);
}

/* Adds the decoded response to the request. "=" is the empty response. */
static int
add_response(struct session *s, struct slice text)
{
	struct channel_message *m = &s->packet;
	struct buffer body = {
		(char *)m->body, m->len, m->len + RESPONSE_MAX, false};

	int result = base64_decode(&body, text);

	if (result == -1)
		explicit_bzero(m->body + m->len, body.len - m->len);
	else
		m->len = body.len;
	return result;
}

/* MECHANISM [initial response], any blanks and tabs between. */
static void
start(struct session *s, struct slice argument)
{
	struct slice response = argument;
	struct slice name = slice_word(&response);

	channel_start(&s->packet, ASK_AUTH, INITIAL_NONE);
	/* Cut, it is still longer than any mechanism's, and so none's. */
	if (name.len > AUTHMECHS_NAME_MAX)
		name.len = AUTHMECHS_NAME_MAX + 1;
	channel_add(&s->packet, name.data, name.len);
	channel_add(&s->packet, "", 1);
	if (response.len == 0)
		return;
	size_t len = s->packet.len;

	s->packet.code = INITIAL_RESPONSE;
	if (!slice_is(response, "=") && add_response(s, response) == -1) {
		s->packet.code = INITIAL_MALFORMED;
		s->packet.len = len;
	}
}

/* What the keeper holds back is not the client's time. */
static void
give_back(struct session *s, int64_t asked)
{
	if (s->login_deadline != CLOCK_NEVER)
		s->login_deadline += channel_held(clock_ms() - asked);
}

/* The authenticator may have to hash for a while. */
static int
ask_slowly(struct session *s)
{
	int64_t asked = clock_ms();
	int verdict = session_ask_slowly(s);

	if (verdict != -1)
		give_back(s, asked);
	return verdict;
}

static void
put_challenge(struct session *s)
{
	char text[4 + CHALLENGE_TEXT_MAX];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, "334 ");
	base64_encode(&b, channel_rest(&s->packet, 0));
	session_reply_text(s, buffer_slice(&b));
}

static enum reply
cancel(struct session *s, enum channel_cancel why, enum reply reply)
{
	channel_start(&s->packet, TELL_AUTH_CANCEL, why);
	if (channel_send(s->channel, &s->packet) == -1)
		_exit(111);
	return reply;
}

/* One answer of the client to a challenge. verdict: the keeper's. */
static enum reply
respond(struct session *s, int *verdict)
{
	switch (session_line(s, true)) {
	case LINE_OK:
		break;
	case LINE_TOO_LONG:
		return cancel(s, CANCEL_SYNTAX, REPLY_AUTH_TOO_LONG);
	case LINE_BAD_END:
		return session_stop(s, END_LINE_ENDS, REPLY_LINE_ENDS);
	case LINE_STOP:
		return REPLY_NONE;
	}
	struct slice line = {s->line, s->line_len};

	session_trace_hidden(s, TRACE_FROM, "", line.len);
	if (slice_is(line, "*"))
		return cancel(s, CANCEL_CLIENT, REPLY_CANCELLED);
	channel_start(&s->packet, ASK_AUTH_STEP, 0);
	int result = add_response(s, line);

	session_forget_line(s);
	if (result == -1)
		return cancel(s, CANCEL_SYNTAX, REPLY_BASE64);
	*verdict = ask_slowly(s);
	return REPLY_NONE;
}

static enum reply
outcome(struct session *s, int verdict)
{
	switch (verdict) {
	case VERDICT_OK:
		s->authenticated = true;
		s->login_deadline = CLOCK_NEVER;
		s->idle_commands = 0;
		return REPLY_OK_AUTH;
	case VERDICT_AUTH_LAST:
		session_reply(s, REPLY_AUTH_FAILED);
		return session_stop(s, END_AUTH, REPLY_TOO_MANY_FAILURES);
	case VERDICT_AUTH_FAILED:
		return REPLY_AUTH_FAILED;
	case VERDICT_AUTH_SYNTAX:
		return REPLY_BASE64;
	case VERDICT_AUTH_NO_TLS:
		return REPLY_AUTH_NEEDS_TLS;
	case VERDICT_AUTH_UNKNOWN:
		return REPLY_MECHANISM;
	case VERDICT_AUTH_INITIAL:
		return REPLY_INITIAL_RESPONSE;
	case VERDICT_JAIL:
		return session_stop(s, END_JAIL, REPLY_UNAVAILABLE);
	case -1:
		return REPLY_NONE;
	default:
		return REPLY_AUTH_TEMPORARY;
	}
}

enum reply
command_auth(struct session *s, struct slice argument)
{
	enum reply reply = REPLY_NONE;

	start(s, argument);
	session_forget_line(s);
	int verdict = ask_slowly(s);

	while (verdict == VERDICT_CHALLENGE) {
		put_challenge(s);
		reply = respond(s, &verdict);
		if (reply != REPLY_NONE || s->end != 0)
			return reply;
	}
	return outcome(s, verdict);
}
