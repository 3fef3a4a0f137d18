/*
 * session - greeting, one line, one row of the command table, limits. See
 * session.h. Run by the session, jailed before it reads its first byte.
 */
#include "session/session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "control/ucspi.h"
#include "lib/clock.h"
#include "session/session_jail.h"

#define SESSION_CHANNEL 3 /* its descriptors are 0, 1 and this */

enum reply
session_stop(struct session *s, enum channel_end end, enum reply last)
{
	s->end = (unsigned char)end;
	s->last = last;
	return REPLY_NONE;
}

enum reply
session_stream_failed(struct session *s)
{
	switch (s->stream.state) {
	case STREAM_TIMEOUT:
		return session_stop(s, END_TIMEOUT, REPLY_TIMEOUT);
	case STREAM_STOP:
		return session_stop(s, END_TERM, REPLY_STOPPING);
	case STREAM_KEEPER:
		_exit(111); /* nobody is left to tell */
	default:
		return session_stop(s, END_CLIENT, REPLY_NONE);
	}
}

void
session_reply_forgiven(struct session *s, struct slice text)
{
	if (slice_starts_nocase(text, "334"))
		session_trace_hidden(s, TRACE_TO, "334 ", text.len - 4);
	else
		session_trace(s, TRACE_TO, text);
	stream_put(&s->stream, text);
	stream_put(&s->stream, (struct slice){"\r\n", 2});
}

void
session_reply_text(struct session *s, struct slice text)
{
	session_reply_forgiven(s, text);
	s->errors += text.data[0] == '4' || text.data[0] == '5';
}

void
session_reply(struct session *s, enum reply reply)
{
	if (reply != REPLY_NONE)
		session_reply_text(s, reply_text(reply));
}

static int
verdict_or_leave(struct session *s, int verdict)
{
	if (verdict == -1)
		session_leave(s);
	return verdict;
}

int
session_ask(struct session *s)
{
	return verdict_or_leave(s, channel_ask(s->channel, &s->packet));
}

int
session_await(struct session *s)
{
	return verdict_or_leave(s, channel_await(s->channel, &s->packet));
}

int
session_ask_slowly(struct session *s)
{
	int ready;

	if (channel_send(s->channel, &s->packet) == -1)
		_exit(111);
	explicit_bzero(s->packet.body, s->packet.len);
	/* Replies of a batch that wait in our buffer wait no longer. */
	ready = stream_wait_other(
		&s->stream, s->channel, POLLIN, clock_ms() + SESSION_SOON_MS);
	if (ready == 0 && stream_flush(&s->stream) == -1)
		ready = -1;
	if (ready == 0)
		ready = stream_wait_other(
			&s->stream, s->channel, POLLIN, CLOCK_NEVER);
	if (ready == -1) {
		session_stream_failed(s);
		return -1;
	}
	return session_await(s);
}

/* ----------------------------------------------------------- one line --- */

static bool
is_auth(struct slice line)
{
	return slice_is_nocase(slice_word(&line), "AUTH");
}

static enum line_result
check_line(struct session *s, size_t total, bool auth)
{
	struct slice line = {s->line, s->line_len};
	bool cr = line.len > 0 && line.data[line.len - 1] == '\r';
	size_t limit = auth || is_auth(line) ? SESSION_AUTH_LINE_MAX
					     : SESSION_LINE_MAX;

	if (total > limit)
		return LINE_TOO_LONG;
	if (!cr)
		return LINE_BAD_END;
	s->line_len = --line.len;
	if (slice_find(line, '\r') != line.len ||
		slice_find(line, '\0') != line.len)
		return LINE_BAD_END;
	return LINE_OK;
}

static void
set_line_deadline(struct session *s)
{
	stream_time(&s->stream, (int64_t)s->config->timeoutsmtpd * 1000);
	if (s->login_deadline < s->stream.deadline)
		s->stream.deadline = s->login_deadline;
	if (s->mail.pipe != -1 && body_deadline(s) < s->stream.deadline)
		s->stream.deadline = body_deadline(s);
}

/*
 * Reads up to and with the next LF; s->line gets the line without its end.
 * The deadline is the whole line's: one octet a minute is no line. It counts
 * from the first time that the client keeps us waiting.
 */
enum line_result
session_line(struct session *s, bool auth)
{
	size_t total = 0;
	struct slice input;

	s->line_len = 0;
	for (bool timed = false;;) {
		/* A line that is there already needs no look at the clock. */
		if (!timed && stream_waits(&s->stream)) {
			set_line_deadline(s);
			timed = true;
		}
		if (stream_next(&s->stream, &input) == -1) {
			session_stream_failed(s);
			return LINE_STOP;
		}
		size_t len = slice_find(input, '\n');
		bool end = len < input.len;
		size_t room = sizeof s->line - s->line_len;
		size_t kept = len < room ? len : room;

		memcpy(s->line + s->line_len, input.data, kept);
		s->line_len += kept;
		stream_wipe(&s->stream, input, len + end);
		total += len + end;
		if (end)
			return check_line(s, total, auth);
	}
}

void
session_forget_line(struct session *s)
{
	explicit_bzero(s->line, s->line_len);
	s->line_len = 0;
}

/* ------------------------------------------------------------- a verb --- */

/* A browser or a cross-protocol attack (ALPACA), not a mail program. */
static bool
is_http(struct slice line)
{
	static const char *const starts[] = {"GET ", "POST ", "PUT ", "HEAD ",
		"OPTIONS ", "CONNECT ", "PATCH ", "DELETE ", "TRACE ", "PRI ",
		"Host:", "User-Agent:"};

	size_t last = slice_find_last(line, ' ');

	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (slice_starts_nocase(line, starts[i]))
			return true;
	return slice_starts_nocase(slice_from(line, last), " HTTP/");
}

static enum reply
dispatch(struct session *s)
{
	struct slice line = {s->line, s->line_len}, argument = line;
	struct slice verb = slice_word(&argument);
	const struct command *command = commands;

	if (is_http(line))
		return session_stop(s, END_ERRORS, REPLY_NOT_A_WEB_SERVER);
	while (argument.len > 0 && bytes_blank(argument.data[argument.len - 1]))
		argument.len--;
	while (command->verb != NULL && !slice_is_nocase(verb, command->verb))
		command++;
	session_trace_command(s, command, line, argument);
	if (command->counts && ++s->idle_commands > CHANNEL_IDLE_COMMANDS)
		return session_stop(s, END_ERRORS, REPLY_TOO_MANY_COMMANDS);
	return command_run(s, command, argument);
}

static void
one_command(struct session *s)
{
	switch (session_line(s, false)) {
	case LINE_OK:
		session_reply(s, dispatch(s));
		break;
	case LINE_TOO_LONG:
		session_reply(s, is_auth((struct slice){s->line, s->line_len})
					 ? REPLY_AUTH_TOO_LONG
					 : REPLY_LINE_TOO_LONG);
		break;
	case LINE_BAD_END:
		session_stop(s, END_LINE_ENDS, REPLY_LINE_ENDS);
		break;
	case LINE_STOP:
		break;
	}
	session_forget_line(s);
	if (s->end == 0 && s->errors >= SESSION_ERRORS_MAX)
		session_stop(s, END_ERRORS, REPLY_TOO_MANY_ERRORS);
}

/* -------------------------------------------------- beginning and end --- */

static void
implicit_tls(struct session *s)
{
	channel_start(&s->packet, ASK_TLS, 0);
	if (session_ask(s) == VERDICT_OK)
		tls_start(s);
	else
		session_stop(s, END_ERRORS, REPLY_NONE);
}

/* RFC 5321 §4.3.1: the client waits for the greeting; a spam bot may not. */
static void
delay_greeting(struct session *s)
{
	struct slice input;

	stream_time(&s->stream, (int64_t)s->config->greetdelay * 1000);
	if (stream_next(&s->stream, &input) == 0)
		session_stop(s, END_ERRORS, REPLY_EARLY_TALKER);
	else if (s->stream.state == STREAM_TIMEOUT)
		s->stream.state = STREAM_OPEN;
	else
		session_stream_failed(s);
}

static void
greet(struct session *s)
{
	char text[SESSION_GREETING_MAX + 16];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, "220 ");
	buffer_add_slice(&b, s->config->smtpgreeting);
	buffer_add_text(&b, " ESMTP");
	session_reply_text(s, buffer_slice(&b));
}

/* Says the last word and goes. failed: the jail's step, or JAIL_ENTERED. */
static _Noreturn void
finish(struct session *s, enum jail_step failed)
{
	/* More behind QUIT would be answered with a reset, before the 221. */
	bool unread = s->stream.input_start != s->stream.input_end;
	bool drain = s->stream.piped	  ? true
		     : s->end == END_QUIT ? unread
		     : s->end == END_TERM ? stream_pending(&s->stream)
					  : s->end != END_CLIENT;

	session_reply(s, s->last);
	if (!drain)
		stream_close(&s->stream, false);
	(void)channel_say_end(s->channel, s->end, failed);
	/* The keeper gives up an open message by itself, now that it knows. */
	if (s->mail.pipe != -1)
		close(s->mail.pipe);
	if (drain)
		stream_close(&s->stream, true);
	_exit(0);
}

void
session_leave(struct session *s)
{
	if (channel_gone(s->channel))
		_exit(111);
	s->stream.channel = -1;
	session_stop(s, END_TERM, REPLY_STOPPING);
	finish(s, JAIL_ENTERED);
}

static _Noreturn void
run(struct session *s)
{
	enum jail_step failed = jail_enter(&s->jail);

	s->mail.pipe = -1;
	if (failed != JAIL_ENTERED) {
		bool clear = !s->config->smtps || s->config->tls_outside;

		session_stop(
			s, END_JAIL, clear ? REPLY_UNAVAILABLE : REPLY_NONE);
		finish(s, failed);
	}
	s->login_deadline = CLOCK_NEVER;
	if (s->config->require_auth && !s->config->relayclient_set)
		s->login_deadline = clock_ms() + CHANNEL_LOGIN_MS;
	if (s->config->smtps && !s->config->tls_outside)
		implicit_tls(s);
	if (s->end == 0 && s->config->greetdelay > 0)
		delay_greeting(s);
	if (s->end == 0)
		greet(s);
	while (s->end == 0)
		one_command(s);
	finish(s, JAIL_ENTERED);
}

/* Nothing but the client and the channel stays open: SESSION_CHANNEL. */
void
session_start(struct session *s, const struct session_setup *setup)
{
	if (dup2(setup->channel, SESSION_CHANNEL) == -1)
		_exit(111);
	close(STDERR_FILENO);
	/* With UCSPI-TLS the client's other descriptors stay, too: 4 and 5. */
	int end = setup->outside ? UCSPI_END : SESSION_CHANNEL + 1;

	jail_close_from((unsigned)end);
	s->config = setup->config;
	s->mechanisms = setup->mechanisms;
	s->offer_asks = setup->offer_asks;
	s->tls.possible = setup->tls_possible && !s->config->tls_outside &&
			  !s->config->health_check;
	s->tls.outside = setup->outside;
	s->channel = SESSION_CHANNEL;
	s->jail = *setup->jail;
	s->jail.calls = &session_calls;
	s->jail.fds_max = end + 1; /* the message pipe */
	s->stream.nonblocking = setup->nonblocking;
	s->stream.terminal = !setup->nonblocking && isatty(0);
	s->stream.piped = setup->piped;
	stream_init(&s->stream, 0, 1, SESSION_CHANNEL, s->bulk_input);
	run(s);
}
