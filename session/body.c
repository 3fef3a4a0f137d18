/*
 * body - the octets of DATA and BDAT: from the client through data.c into the
 * message pipe. Run by the session.
 */
#include "lib/clock.h"
#include "session/session.h"

#define OVERRUN_MIN (64ull << 20) /* read over databytes before we hang up */
#define CHUNK_REFUSED_MAX (64ull << 20)
#define CHUNK_MAX ((uint64_t)INT64_MAX)

/* Input, as much as there is room for what becomes of it. */
static int
next_piece(struct session *s, struct slice *input)
{
	if (stream_next(&s->stream, input) == -1)
		return -1;
	if (input->len > sizeof s->out)
		input->len = sizeof s->out;
	return 0;
}

/* A new message, or what is refused as one, counts from now on. */
static void
start_count(struct session *s)
{
	s->mail.start = clock_ms();
	s->mail.octets = 0;
}

/* The rate is one over the whole message, chunks and pauses between them. */
int64_t
body_deadline(const struct session *s)
{
	return s->mail.start + channel_message_ms(s->mail.octets);
}

/* One read's worth of time: the idle limit, and the message's. */
static void
set_deadline(struct session *s)
{
	int64_t body = body_deadline(s);

	stream_time(&s->stream, (int64_t)s->config->timeoutsmtpd * 1000);
	if (body < s->stream.deadline)
		s->stream.deadline = body;
}

static bool
too_big(const struct session *s)
{
	return s->config->databytes != 0 &&
	       s->mail.data.octets > s->config->databytes;
}

/* Lets go of a message that may not be queued; its end is still to come. */
static enum reply
find_damage(struct session *s)
{
	if (s->mail.data.hops >= DATA_HOPS_MAX) {
		message_forget(s, ABORT_LOOP);
		return REPLY_LOOP;
	}
	if (too_big(s)) {
		message_forget(s, ABORT_SIZE);
		return REPLY_TOO_BIG;
	}
	return REPLY_NONE;
}

static void
trace_octets(struct session *s, uint64_t octets)
{
	char text[48];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_char(&b, '<');
	buffer_add_number(&b, octets);
	buffer_add_text(&b, " octets>");
	session_trace(s, TRACE_FROM, buffer_slice(&b));
}

static enum reply
violation(struct session *s)
{
	message_forget(s, ABORT_LINE_ENDS);
	return session_stop(s, END_LINE_ENDS, REPLY_BARE);
}

/* ---------------------------------------------------------------- DATA --- */

/*
 * One input through the automaton. Returns false when DATA is over: the end
 * came, or *reply and s->end say why not. *damage is what the end will be
 * answered with.
 */
static bool
data_step(struct session *s, struct slice input, enum reply *damage,
	enum reply *reply)
{
	size_t taken, len;
	uint64_t overrun = s->config->databytes > OVERRUN_MIN
				   ? s->config->databytes
				   : OVERRUN_MIN;
	enum data_result result = data_feed(
		&s->mail.data, input.data, input.len, &taken, s->out, &len);

	stream_consume(&s->stream, taken);
	s->mail.octets += taken;
	if (result == DATA_VIOLATION) {
		*reply = violation(s);
		return false;
	}
	if (*damage == REPLY_NONE)
		*damage = find_damage(s);
	if (*damage == REPLY_NONE && pipe_write(s, len) == -1) {
		*reply = session_stream_failed(s);
		return false;
	}
	if (too_big(s) &&
		s->mail.data.octets - s->config->databytes > overrun) {
		*reply = session_stop(s, END_ERRORS, REPLY_TOO_BIG);
		return false;
	}
	return result != DATA_END;
}

static enum reply
read_data(struct session *s)
{
	enum reply damage = REPLY_NONE, reply = REPLY_NONE;
	struct slice input;

	session_forget_line(s);
	data_start(&s->mail.data, true);
	start_count(s);
	for (;;) {
		set_deadline(s);
		if (next_piece(s, &input) == -1)
			return session_stream_failed(s);
		if (!data_step(s, input, &damage, &reply))
			break;
	}
	trace_octets(s, s->mail.data.octets);
	if (s->end != 0)
		return reply;
	return damage != REPLY_NONE ? damage : message_commit(s);
}

enum reply
command_data(struct session *s, struct slice argument)
{
	enum reply reply = message_open(s);

	(void)argument;
	if (s->end != 0)
		return REPLY_NONE;
	if (reply != REPLY_NONE) {
		message_forget(s, ABORT_RESET);
		return reply;
	}
	/* A client that does not wait for 354 may hide commands in its text. */
	if (stream_pending(&s->stream))
		return session_stop(s, END_ERRORS, REPLY_PIPELINED_DATA);
	session_reply(s, REPLY_GO_AHEAD);
	s->stream.bulk = true;
	reply = read_data(s);
	s->stream.bulk = false;
	return reply;
}

/* ---------------------------------------------------------------- BDAT --- */

/* "12345" or "12345 LAST". 0, or -1. */
static int
parse_chunk(struct slice argument, uint64_t *octets, bool *last)
{
	struct slice count = slice_word(&argument);
	struct slice word = slice_word(&argument);

	*last = slice_is_nocase(word, "LAST");
	if (slice_word(&argument).len > 0 || (word.len > 0 && !*last))
		return -1;
	return slice_number(count, octets) == -1 || *octets > CHUNK_MAX ? -1
									: 0;
}

/* May a chunk be taken now? The octets are consumed whatever this says. */
static enum reply
chunk_allowed(struct session *s)
{
	if (s->mail.state == MESSAGE_REFUSED || s->mail.state == MESSAGE_NONE)
		return REPLY_SEQUENCE_NO_MAIL;
	if (s->mail.recipients == 0)
		return REPLY_NO_RCPT;
	if (s->mail.state >= MESSAGE_OPEN)
		return REPLY_NONE;
	enum reply reply = message_open(s);

	if (reply == REPLY_NONE)
		data_start(&s->mail.data, false);
	return reply;
}

/*
 * Part of a chunk through the automaton; what is left of *input was taken.
 * Returns what is wrong with the chunk. damage: what was wrong before, or
 * nothing; line ends are looked at all the same, so that the answer does not
 * hang on how the network cuts the chunk.
 */
static enum reply
chunk_step(struct session *s, struct slice *input, enum reply damage)
{
	size_t len;

	if (data_feed(&s->mail.data, input->data, input->len, &input->len,
		    s->out, &len) == DATA_VIOLATION)
		return violation(s);
	if (damage != REPLY_NONE)
		return damage;
	damage = find_damage(s);
	if (damage != REPLY_NONE) {
		s->mail.state = MESSAGE_REFUSED;
		return damage;
	}
	if (pipe_write(s, len) == -1)
		return session_stream_failed(s);
	return REPLY_NONE;
}

/* Takes the announced octets, good or not, so that commands stay in step. */
static enum reply
read_chunk(struct session *s, uint64_t octets, enum reply reply)
{
	uint64_t total = octets;
	bool wanted = reply == REPLY_NONE;
	struct slice input;

	session_forget_line(s);
	while (octets > 0 && s->end == 0) {
		set_deadline(s);
		if (next_piece(s, &input) == -1)
			return session_stream_failed(s);
		if (input.len > octets)
			input.len = (size_t)octets;
		if (wanted)
			reply = chunk_step(s, &input, reply);
		if (reply != REPLY_NONE && total > CHUNK_REFUSED_MAX)
			return session_stop(s, END_ERRORS, reply);
		if (s->end != 0)
			return reply;
		stream_consume(&s->stream, input.len);
		s->mail.octets += input.len;
		octets -= input.len;
	}
	trace_octets(s, total);
	return reply;
}

static enum reply
chunk_reply(struct session *s, uint64_t octets)
{
	char text[64];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, "250 2.0.0 ");
	buffer_add_number(&b, octets);
	buffer_add_text(&b, " octets received");
	session_reply_text(s, buffer_slice(&b));
	return REPLY_NONE;
}

enum reply
command_bdat(struct session *s, struct slice argument)
{
	uint64_t octets;
	bool last;
	size_t len;

	if (parse_chunk(argument, &octets, &last) == -1)
		return session_stop(s, END_ERRORS, REPLY_BDAT_COUNT);
	/* Nothing was sent: a command like any other without progress. */
	if (octets == 0 && ++s->idle_commands > CHANNEL_IDLE_COMMANDS)
		return session_stop(s, END_ERRORS, REPLY_TOO_MANY_COMMANDS);
	if (s->mail.state < MESSAGE_OPEN)
		start_count(s);
	enum reply reply = chunk_allowed(s);

	if (s->end != 0)
		return REPLY_NONE;

	/* After a failure every chunk is refused until the client resets. */
	if (reply != REPLY_NONE && s->mail.state != MESSAGE_NONE) {
		message_forget(s, ABORT_RESET);
		s->mail.state = MESSAGE_REFUSED;
	}
	if (reply != REPLY_NONE && octets > CHUNK_REFUSED_MAX)
		return session_stop(s, END_ERRORS, reply);
	s->stream.bulk = true;
	reply = read_chunk(s, octets, reply);
	s->stream.bulk = false;
	if (reply != REPLY_NONE || s->end != 0)
		return reply;
	if (!last)
		return chunk_reply(s, octets);
	if (data_finish(&s->mail.data, s->out, &len) == DATA_VIOLATION)
		return violation(s);
	if (pipe_write(s, len) == -1)
		return session_stream_failed(s);
	return message_commit(s);
}
