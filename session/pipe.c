/*
 * pipe - what becomes of a message on its way into the message pipe: what
 * header.c adds, and the writing. Run by the session.
 */
#include <errno.h>
#include <string.h>
#include <sys/uio.h>

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

/* What header.c has passed on, and is not yet in the pipe. */
struct pieces {
	int count;
	struct iovec list[4];
};

static void
take_off(struct pieces *pieces, size_t written)
{
	struct iovec *first = pieces->list;

	while (pieces->count > 0 && written >= first->iov_len) {
		written -= first->iov_len;
		first++;
		pieces->count--;
	}
	memmove(pieces->list, first, (size_t)pieces->count * sizeof *first);
	if (pieces->count > 0) {
		first = pieces->list;
		first->iov_base = (char *)first->iov_base + written;
		first->iov_len -= written;
	}
}

/*
 * In one write, which wakes the queue program once. When that no longer reads,
 * the rest is thrown away, and its exit code will say why.
 */
static int
write_pieces(struct session *s, struct pieces *pieces)
{
	int64_t deadline = 0;

	while (pieces->count > 0 && s->mail.state == MESSAGE_OPEN) {
		ssize_t n = writev(s->mail.pipe, pieces->list, pieces->count);

		if (n >= 0) {
			take_off(pieces, (size_t)n);
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
	pieces->count = 0;
	return 0;
}

/* Writes it later, unless the next would overwrite it, or room is short. */
static int
add_piece(struct session *s, struct pieces *pieces, struct slice text)
{
	const int most = sizeof pieces->list / sizeof *pieces->list;

	pieces->list[pieces->count++] =
		(struct iovec){(void *)(uintptr_t)text.data, text.len};
	if (pieces->count == most || header_will_change(&s->header, text))
		return write_pieces(s, pieces);
	return 0;
}

int
pipe_write(struct session *s, size_t len)
{
	struct slice text = {s->out, len}, piece;
	struct pieces pieces = {.count = 0};

	while (header_next(&s->header, &text, &piece))
		if (add_piece(s, &pieces, piece) == -1)
			return -1;
	return write_pieces(s, &pieces);
}

int
pipe_end(struct session *s)
{
	header_end(&s->header);
	return pipe_write(s, 0);
}
