/*
 * outside - asks the keeper for what its outside.c answers. See outside.h. Run
 * by the session.
 */
#include "session/outside.h"

#include <unistd.h>

#include "control/ucspi.h"
#include "session/session.h"

/* The client's socket is the helper's by now: nothing is said, or read. */
static enum reply
leave(struct session *s, enum channel_end end)
{
	s->stream.state = STREAM_GONE;
	return session_stop(s, end, REPLY_NONE);
}

/* What was said before counts for nothing (RFC 3207 §4.2). */
static void
move_client(struct session *s)
{
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	stream_init(
		&s->stream, UCSPI_READ, UCSPI_WRITE, s->channel, s->bulk_input);
	s->stream.piped = true;
	s->esmtp = false;
	s->helo_len = 0;
}

enum reply
outside_start(struct session *s)
{
	session_reply(s, REPLY_OK_STARTTLS);
	if (stream_flush(&s->stream) == -1)
		return session_stream_failed(s);
	session_forget_line(s);
	channel_start(&s->packet, ASK_OUTSIDE, 0);
	int verdict = channel_ask(s->channel, &s->packet);

	if (verdict == -1 && channel_gone(s->channel))
		_exit(111);
	if (verdict != VERDICT_OK || s->packet.len != 1)
		return leave(s, verdict == -1 ? END_TERM : END_CLIENT);
	s->tls.on = true;
	s->tls.has = s->packet.body[0];
	move_client(s);
	return REPLY_NONE;
}
