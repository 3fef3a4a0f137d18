/*
 * command - the verbs of SMTP, one short function each, and their table; of
 * MAIL, RCPT, DATA and BDAT see message.c and body.c. A function returns the
 * reply, or REPLY_NONE when it has answered by itself. Run by the session.
 */
#include <string.h>

#include "session/session.h"

/* The name we go by is the greeting's first word, as with qmail. */
static struct slice
own_name(const struct session *s)
{
	struct slice rest = s->config->smtpgreeting;

	return slice_split(&rest, ' ');
}

static bool
auth_usable(const struct session *s)
{
	return s->mechanisms.len > 0 && !s->authenticated &&
	       (!s->config->forcetls || s->tls.on || s->config->tls_outside);
}

static enum reply
hello(struct session *s, struct slice name, bool esmtp)
{
	size_t len = name.len < sizeof s->helo ? name.len : sizeof s->helo;

	if (name.len == 0)
		return REPLY_HELO_SYNTAX;
	message_forget(s, ABORT_RESET);
	memcpy(s->helo, name.data, len);
	s->helo_len = len;
	s->esmtp = esmtp;
	return REPLY_NONE;
}

static enum reply
command_helo(struct session *s, struct slice name)
{
	char text[SESSION_GREETING_MAX + 8];
	struct buffer b = BUFFER_OVER(text);
	enum reply reply = hello(s, name, false);

	if (reply != REPLY_NONE)
		return reply;
	buffer_add_text(&b, "250 ");
	buffer_add_slice(&b, own_name(s));
	session_reply_text(s, buffer_slice(&b));
	return REPLY_NONE;
}

static void
keyword(struct session *s, const char *text, struct slice rest)
{
	char line[SESSION_GREETING_MAX + 64];
	struct buffer b = BUFFER_OVER(line);

	buffer_add_text(&b, "250-");
	buffer_add_text(&b, text);
	buffer_add_slice(&b, rest);
	session_reply_text(s, buffer_slice(&b));
}

static void
keyword_number(struct session *s, const char *text, uint64_t n)
{
	char digits[24];
	struct buffer b = BUFFER_OVER(digits);

	buffer_add_number(&b, n);
	keyword(s, text, buffer_slice(&b));
}

/* What this connection has may be not enough for any mechanism. */
static void
offer_auth(struct session *s)
{
	char text[SESSION_GREETING_MAX];
	struct buffer b = BUFFER_OVER(text);

	authmechs_offer(s->mechanisms, s->tls.has, &b);
	if (b.len == 0)
		return;
	keyword(s, "AUTH ", buffer_slice(&b));
	if (s->config->oldclients)
		keyword(s, "AUTH=", buffer_slice(&b));
}

static enum reply
command_ehlo(struct session *s, struct slice name)
{
	const struct config *config = s->config;
	struct slice none = {NULL, 0};
	enum reply reply = hello(s, name, true);

	if (reply != REPLY_NONE)
		return reply;
	if (auth_usable(s))
		auth_learn_offer(s);
	if (s->end != 0)
		return REPLY_NONE;
	keyword(s, "", own_name(s));
	keyword(s, "PIPELINING", none);
	keyword(s, "8BITMIME", none);
	if (config->smtputf8)
		keyword(s, "SMTPUTF8", none);
	keyword(s, "ENHANCEDSTATUSCODES", none);
	keyword(s, "CHUNKING", none);
	if (config->maxrcpt > 0)
		keyword_number(s, "LIMITS RCPTMAX=", config->maxrcpt);
	/* Some clients take 0 for a limit, which RFC 1870 says it is not. */
	if (config->databytes > 0)
		keyword_number(s, "SIZE ", config->databytes);
	else
		keyword(s, "SIZE", none);
	if (s->tls.possible && !s->tls.on)
		keyword(s, "STARTTLS", none);
	if (auth_usable(s))
		offer_auth(s);
	session_reply_text(s, slice_of("250 HELP"));
	return REPLY_NONE;
}

bool
session_must_log_in(const struct session *s)
{
	return s->config->require_auth && !s->authenticated &&
	       !s->config->relayclient_set;
}

static enum reply
command_rset(struct session *s, struct slice argument)
{
	if (argument.len > 0)
		return REPLY_ARGUMENT;
	message_forget(s, ABORT_RESET);
	return REPLY_OK_RESET;
}

static enum reply
command_starttls(struct session *s, struct slice argument)
{
	if (argument.len > 0)
		return REPLY_ARGUMENT;
	if (s->tls.on || s->config->tls_outside)
		return REPLY_SEQUENCE_TLS;
	if (s->authenticated || s->mail.state != MESSAGE_NONE)
		return REPLY_SEQUENCE_TLS_LATE;
	/* CVE-2011-0411, CVE-2020-15955: what follows would be answered inside.
	 */
	if (stream_pending(&s->stream))
		return session_stop(s, END_ERRORS, REPLY_PIPELINED_TLS);
	if (!s->tls.possible)
		return REPLY_TLS_UNAVAILABLE;
	channel_start(&s->message, ASK_TLS, 0);
	if (session_ask(s) != VERDICT_OK)
		return REPLY_TLS_UNAVAILABLE;
	session_reply(s, REPLY_OK_STARTTLS);
	if (stream_flush(&s->stream) == -1)
		return session_stream_failed(s);
	return tls_start(s);
}

static enum reply
command_noop(struct session *s, struct slice argument)
{
	(void)s;
	(void)argument; /* RFC 5321 §4.1.1.9 allows one */
	return REPLY_OK_NOOP;
}

static enum reply
command_help(struct session *s, struct slice argument)
{
	(void)s;
	(void)argument;
	return REPLY_HELP;
}

static enum reply
command_vrfy(struct session *s, struct slice argument)
{
	(void)argument;
	return session_must_log_in(s) ? REPLY_AUTH_REQUIRED : REPLY_VRFY;
}

static enum reply
command_quit(struct session *s, struct slice argument)
{
	if (argument.len > 0)
		return REPLY_ARGUMENT;
	return session_stop(s, END_QUIT, REPLY_OK_QUIT);
}

/* What is not known is not repeated, here or in the log. */
static enum reply
command_unknown(struct session *s, struct slice argument)
{
	(void)s;
	(void)argument;
	return REPLY_UNKNOWN_COMMAND;
}

const struct command commands[] = {
	{"EHLO", command_ehlo, true},
	{"HELO", command_helo, true},
	{"STARTTLS", command_starttls, true},
	{"AUTH", command_auth, true},
	{"MAIL", command_mail, true},
	{"RCPT", command_rcpt, false},
	{"DATA", command_data, false},
	{"BDAT", command_bdat, false},
	{"RSET", command_rset, true},
	{"NOOP", command_noop, true},
	{"VRFY", command_vrfy, true},
	{"HELP", command_help, true},
	{"QUIT", command_quit, false},
	{NULL, command_unknown, true},
};
