/*
 * trace - the conversation on the log, where the admin asked for it: what the
 * session tells the keeper of it. Never a password. Run by the session.
 */
#include "session/session.h"
#include "lib/words.h"

/* Apart, so that only a traced session touches so much of the stack. */
static __attribute__((noinline)) void
send_trace(struct session *s, enum channel_trace way, struct slice text)
{
	struct channel_message m;

	channel_start(&m, TELL_TRACE, way);
	if (text.len > CHANNEL_TRACE_MAX)
		text.len = CHANNEL_TRACE_MAX;
	channel_add(&m, text.data, text.len);
	(void)channel_send(s->channel, &m); /* the next request will tell */
}

void
session_trace(struct session *s, enum channel_trace way, struct slice text)
{
	if (s->config->trace)
		send_trace(s, way, text);
}

void
session_trace_hidden(
	struct session *s, enum channel_trace way, const char *word, size_t len)
{
	char text[128];
	struct buffer b = BUFFER_OVER(text);

	if (!s->config->trace)
		return;
	buffer_add_text(&b, word);
	buffer_add_text(&b, "<hidden ");
	buffer_add_number(&b, len);
	buffer_add_text(&b, " bytes>");
	session_trace(s, way, buffer_slice(&b));
}

/* A mechanism that is not offered may be anything, a password too. */
static void
trace_auth(struct session *s, struct slice argument)
{
	struct slice rest = argument;
	struct slice name = slice_word(&rest);
	char text[64];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, "AUTH");
	if (words_has(s->mechanisms, name)) {
		words_add(&b, name);
		argument = rest;
	}
	if (argument.len == 0) {
		session_trace(s, TRACE_FROM, buffer_slice(&b));
		return;
	}
	buffer_add_char(&b, ' ');
	if (buffer_string(&b) != NULL)
		session_trace_hidden(s, TRACE_FROM, text, argument.len);
}

void
session_trace_command(struct session *s, const struct command *command,
	struct slice line, struct slice argument)
{
	if (!s->config->trace)
		return;
	if (command->verb == NULL) {
		session_trace_hidden(s, TRACE_FROM, "", line.len);
	} else if (command->run == command_auth) {
		trace_auth(s, argument);
	} else {
		session_trace(s, TRACE_FROM, line);
	}
}
