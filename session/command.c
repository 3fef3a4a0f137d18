/*
 * command - the verbs of SMTP, one short function each, and the table that
 * says when each may come; of MAIL, RCPT, DATA and BDAT see message.c and
 * body.c. A function returns the reply, or REPLY_NONE when it has answered by
 * itself. Run by the session.
 */
#include <string.h>

#include "session/outside.h"
#include "session/session.h"

/* The name we go by is the greeting's first word, as with qmail. */
static struct slice
own_name(const struct session *s)
{
	struct slice rest = s->config->smtpgreeting;

	return slice_split(&rest, ' ');
}

static bool
has_tls(const struct session *s)
{
	return s->tls.on || s->config->tls_outside;
}

static bool
auth_usable(const struct session *s)
{
	return s->mechanisms.len > 0 && !s->authenticated &&
	       (!s->config->forcetls || has_tls(s));
}

static void
hello(struct session *s, struct slice name, bool esmtp)
{
	size_t len = name.len < sizeof s->helo ? name.len : sizeof s->helo;

	message_forget(s, ABORT_RESET);
	memcpy(s->helo, name.data, len);
	s->helo_len = len;
	s->esmtp = esmtp;
}

static enum reply
command_helo(struct session *s, struct slice name)
{
	char text[SESSION_GREETING_MAX + 8];
	struct buffer b = BUFFER_OVER(text);

	hello(s, name, false);
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

	hello(s, name, true);
	if (auth_usable(s))
		auth_learn_offer(s);
	if (s->end != 0)
		return REPLY_NONE;
	keyword(s, "", own_name(s));
	keyword(s, "PIPELINING", SLICE_NONE);
	keyword(s, "8BITMIME", SLICE_NONE);
	if (config->smtputf8)
		keyword(s, "SMTPUTF8", SLICE_NONE);
	keyword(s, "ENHANCEDSTATUSCODES", SLICE_NONE);
	keyword(s, "CHUNKING", SLICE_NONE);
	if (config->maxrcpt > 0)
		keyword_number(s, "LIMITS RCPTMAX=", config->maxrcpt);
	/* Some clients take 0 for a limit, which RFC 1870 says it is not. */
	if (config->databytes > 0)
		keyword_number(s, "SIZE ", config->databytes);
	else
		keyword(s, "SIZE", SLICE_NONE);
	if (s->tls.possible && !s->tls.on)
		keyword(s, "STARTTLS", SLICE_NONE);
	if (auth_usable(s))
		offer_auth(s);
	session_reply_text(s, slice_of("250 HELP"));
	return REPLY_NONE;
}

static enum reply
command_rset(struct session *s, struct slice argument)
{
	(void)argument;
	message_forget(s, ABORT_RESET);
	return REPLY_OK_RESET;
}

static enum reply
command_starttls(struct session *s, struct slice argument)
{
	(void)argument;
	/* What follows would be answered inside: CVE-2011-0411, 2020-15955. */
	if (stream_pending(&s->stream))
		return session_stop(s, END_ERRORS, REPLY_PIPELINED_TLS);
	if (!s->tls.possible)
		return REPLY_TLS_UNAVAILABLE;
	if (s->tls.outside)
		return outside_start(s);
	channel_start(&s->packet, ASK_TLS, 0);
	if (session_ask(s) != VERDICT_OK)
		return REPLY_TLS_UNAVAILABLE;
	session_reply(s, REPLY_OK_STARTTLS);
	if (stream_flush(&s->stream) == -1)
		return session_stream_failed(s);
	return tls_start(s);
}

static enum reply
command_quit(struct session *s, struct slice argument)
{
	(void)argument;
	return session_stop(s, END_QUIT, REPLY_OK_QUIT);
}

/* ----------------------------------------------- when a verb may come --- */

/*
 * What a verb needs, and what it forbids: the twin of the keeper's rules.
 * Where several are not met, the first in this order is answered.
 */
enum {
	NO_ARGUMENT = 1,
	NEEDS_LOGIN = 2, /* or no login is asked for here */
	NO_TLS = 4,
	NO_LOGIN = 8,
	NO_LOGIN_OR_MAIL = 16,
	NO_MAIL = 32,
	NO_MAIL_FOR_AUTH = 64,
	NO_CHUNKS = 128,
	NEEDS_MAIL = 256,
	NEEDS_RCPT = 512,
	NEEDS_NAME = 1024,
	NEEDS_ARGUMENT = 2048,
	IN_CHECK = 4096 /* what a balancer's health check may say */
};

static const struct {
	unsigned bit;
	enum reply reply;
} refusals[] = {
	{NO_ARGUMENT, REPLY_ARGUMENT},
	{NEEDS_LOGIN, REPLY_AUTH_REQUIRED},
	{NO_TLS, REPLY_SEQUENCE_TLS},
	{NO_LOGIN, REPLY_SEQUENCE_AUTHED},
	{NO_LOGIN_OR_MAIL, REPLY_SEQUENCE_TLS_LATE},
	{NO_MAIL, REPLY_SEQUENCE_MAIL},
	{NO_MAIL_FOR_AUTH, REPLY_SEQUENCE_AUTH},
	{NO_CHUNKS, REPLY_SEQUENCE_BDAT},
	{NEEDS_MAIL, REPLY_SEQUENCE_NO_MAIL},
	{NEEDS_RCPT, REPLY_NO_RCPT},
	{NEEDS_NAME, REPLY_HELO_SYNTAX},
	{NEEDS_ARGUMENT, REPLY_PARAMETER_VALUE},
};

/*
 * BDAT looks for itself: its octets are on their way whatever it says. NOOP may
 * have an argument (RFC 5321 §4.1.1.9). A verb that is not known is not
 * repeated, here or in the log.
 */
const struct command commands[] = {
	// clang-format off
	{"EHLO",     command_ehlo,     NEEDS_NAME | IN_CHECK, COUNTS, REPLY_NONE},
	{"HELO",     command_helo,     NEEDS_NAME | IN_CHECK, COUNTS, REPLY_NONE},
	{"STARTTLS", command_starttls, NO_ARGUMENT | NO_TLS | NO_LOGIN_OR_MAIL, COUNTS, REPLY_NONE},
	{"AUTH",     command_auth,     NO_LOGIN | NO_MAIL_FOR_AUTH | NEEDS_ARGUMENT, COUNTS, REPLY_NONE},
	{"MAIL",     command_mail,     NEEDS_LOGIN | NO_MAIL, COUNTS, REPLY_NONE},
	{"RCPT",     command_rcpt,     NO_CHUNKS | NEEDS_MAIL, 0, REPLY_NONE},
	{"DATA",     command_data,     NO_ARGUMENT | NO_CHUNKS | NEEDS_MAIL | NEEDS_RCPT, 0, REPLY_NONE},
	{"BDAT",     command_bdat,     0, 0, REPLY_NONE},
	{"RSET",     command_rset,     NO_ARGUMENT | IN_CHECK, COUNTS, REPLY_NONE},
	{"NOOP",     NULL,             IN_CHECK, COUNTS, REPLY_OK_NOOP},
	{"VRFY",     NULL,             NEEDS_LOGIN, COUNTS, REPLY_VRFY},
	{"HELP",     NULL,             0, COUNTS, REPLY_HELP},
	{"QUIT",     command_quit,     NO_ARGUMENT | IN_CHECK, 0, REPLY_NONE},
	{NULL,       NULL,             0, COUNTS, REPLY_UNKNOWN_COMMAND},
	// clang-format on
};

static bool
must_log_in(const struct session *s)
{
	return s->config->require_auth && !s->authenticated &&
	       !s->config->relayclient_set;
}

/* Whatever a verb could ask for and does not get at this moment. */
static unsigned
unmet(const struct session *s, struct slice argument)
{
	bool mail = s->mail.state != MESSAGE_NONE;
	bool chunks = s->mail.state >= MESSAGE_OPEN;

	return (argument.len > 0 ? NO_ARGUMENT : NEEDS_NAME | NEEDS_ARGUMENT) |
	       (must_log_in(s) ? NEEDS_LOGIN : 0u) |
	       (has_tls(s) ? NO_TLS : 0u) |
	       (s->authenticated ? NO_LOGIN | NO_LOGIN_OR_MAIL : 0u) |
	       (mail ? NO_MAIL | NO_MAIL_FOR_AUTH | NO_LOGIN_OR_MAIL : 0u) |
	       (chunks ? NO_CHUNKS : 0u) | (mail ? 0u : NEEDS_MAIL) |
	       (s->mail.recipients > 0 ? 0u : NEEDS_RCPT);
}

enum reply
command_run(
	struct session *s, const struct command *command, struct slice argument)
{
	unsigned wrong = command->when & unmet(s, argument);

	if (s->config->health_check && !(command->when & IN_CHECK))
		return session_stop(s, END_ERRORS, REPLY_HEALTH_CHECK);
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (wrong & refusals[i].bit)
			return refusals[i].reply;
	return command->run == NULL ? command->reply
				    : command->run(s, argument);
}
