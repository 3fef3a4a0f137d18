/*
 * pipe - what becomes of a message on its way into the message pipe: what
 * header.c adds, and the writing. Run by the session.
 */
#include <errno.h>
#include <unistd.h>

#include "lib/clock.h"
#include "session/session.h"

void
pipe_start(struct session *s)
{
	const struct config *config = s->config;
	bool completes = config->addheaders &&
			 (s->authenticated || config->relayclient_set);

	s->mail.written = 0;
	if (!completes) {
		header_start(&s->header, NULL);
		return;
	}
	/* The answer that brought the pipe has the message's id. */
	struct header_origin origin = {.id = channel_rest(&s->packet, 0),
		.host = config->me,
		.now = clock_seconds()};

	header_start(&s->header, &origin);
}

/*
 * When the queue program no longer reads, the rest is thrown away, and its
 * exit code will say why.
 */
static int
write_piece(struct session *s, struct slice text)
{
	int64_t deadline = 0;

	while (text.len > 0 && s->mail.state == MESSAGE_OPEN) {
		ssize_t n = write(s->mail.pipe, text.data, text.len);

		if (n >= 0) {
			text = slice_from(text, (size_t)n);
			s->mail.written += (size_t)n;
		} else if (errno == EAGAIN) {
			if (deadline == 0)
				deadline =
					clock_ms() +
					(int64_t)s->config->timeoutqueue * 1000;
			int ready = stream_wait_other(
				&s->stream, s->mail.pipe, POLLOUT, deadline);

			if (ready == -1)
				return -1;
			if (ready == 0)
				s->mail.state = MESSAGE_BROKEN;
		} else if (errno != EINTR) {
			s->mail.state = MESSAGE_BROKEN;
		}
	}
	return 0;
}

int
pipe_write(struct session *s, size_t len)
{
	struct slice text = {s->out, len}, piece;

	while (header_next(&s->header, &text, &piece))
		if (write_piece(s, piece) == -1)
			return -1;
	return 0;
}

int
pipe_end(struct session *s)
{
	struct slice piece;

	while (header_end(&s->header, &piece))
		if (write_piece(s, piece) == -1)
			return -1;
	return 0;
}
