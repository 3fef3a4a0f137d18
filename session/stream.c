/* stream - see stream.h. Run by the session. */
#include "session/stream.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "session/records.h"

#define CLOSE_MS 2000
#define CLOSE_OCTETS 1048576

void
stream_init(struct stream *s, int in, int out, int channel, char *bulk_input)
{
	s->in = in;
	s->out = out;
	s->channel = channel;
	s->tls = NULL;
	s->state = STREAM_OPEN;
	s->deadline = CLOCK_NEVER;
	s->bulk = s->full = false;
	s->bulk_input = bulk_input;
	s->bulk_size = STREAM_BULK_MIN;
	s->input = s->command_input;
	s->input_start = s->input_end = s->output_len = 0;
}

void
stream_time(struct stream *s, int64_t ms)
{
	s->deadline = clock_ms() + ms;
}

static int
fail(struct stream *s, enum stream_state state)
{
	if (s->state == STREAM_OPEN)
		s->state = state;
	return -1;
}

/* The channel can be read: nothing comes of it any more. */
static int
keeper_silent(struct stream *s, short events)
{
	if (events & POLLHUP)
		return fail(s, STREAM_KEEPER);
	s->channel = -1; /* the last word must not wait for it */
	return fail(s, STREAM_STOP);
}

/* Waits for the client. The channel is silent now: readable means closed. */
static int
wait_client(struct stream *s, int fd, short events)
{
	struct pollfd fds[2] = {{.fd = fd, .events = events},
		{.fd = s->channel, .events = POLLIN}};
	int ready = clock_poll(fds, 2, s->deadline);

	if (ready == -1)
		return fail(s, STREAM_GONE);
	if (ready == 0)
		return fail(s, STREAM_TIMEOUT);
	return fds[1].revents != 0 ? keeper_silent(s, fds[1].revents) : 0;
}

int
stream_wire_write(struct stream *s, struct slice text)
{
	while (text.len > 0) {
		/* A write that may block finds room for so much, no more. */
		size_t len = text.len < PIPE_BUF || s->nonblocking ? text.len
								   : PIPE_BUF;
		ssize_t n;

		if (!s->nonblocking && wait_client(s, s->out, POLLOUT) == -1)
			return -1;
		n = write(s->out, text.data, len);
		if (n >= 0)
			text = slice_from(text, (size_t)n);
		else if (errno == EAGAIN) {
			if (wait_client(s, s->out, POLLOUT) == -1)
				return -1;
		} else if (errno != EINTR)
			return fail(s, STREAM_GONE);
	}
	return 0;
}

/* A person's Enter is a line end like any other. cap: of the buffer. */
static void
add_crs(struct stream *s, size_t cap)
{
	size_t len = s->input_end, at = cap;

	/* From the back, so that no octet is overwritten before it is moved. */
	while (len-- > 0) {
		s->input[--at] = s->input[len];
		if (s->input[at] == '\n' &&
			(len == 0 || s->input[len - 1] != '\r'))
			s->input[--at] = '\r';
	}
	explicit_bzero(s->input, at); /* a password may have been there */
	s->input_start = at;
	s->input_end = cap;
}

/*
 * A client that fills the buffer will do so again: fewer, larger reads. All of
 * it is written now, so that a connection's memory does not creep up through a
 * long message (tests/process/growth.t).
 */
static void
use_whole_buffer(struct stream *s)
{
	memset(s->bulk_input + s->bulk_size, 0, STREAM_BULK_MAX - s->bulk_size);
	s->bulk_size = STREAM_BULK_MAX;
}

int
stream_wire_next(struct stream *s, struct slice *input)
{
	bool wait = !s->full;

	while (s->input_start == s->input_end) {
		if (s->state != STREAM_OPEN ||
			(wait && wait_client(s, s->in, POLLIN) == -1))
			return -1;
		wait = true;
		if (s->full && s->bulk && s->input == s->bulk_input &&
			s->bulk_size < STREAM_BULK_MAX)
			use_whole_buffer(s);
		size_t cap = s->bulk ? s->bulk_size : STREAM_INPUT_MAX;

		s->input = s->bulk ? s->bulk_input : s->command_input;
		ssize_t n = read(s->in, s->input, s->terminal ? cap / 2 : cap);

		s->full = n == (ssize_t)cap && s->nonblocking;
		if (n == 0)
			return fail(s, STREAM_EOF);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return fail(s, STREAM_GONE);
		if (n > 0) {
			s->input_start = 0;
			s->input_end = (size_t)n;
			if (s->terminal)
				add_crs(s, cap);
		}
	}
	*input = (struct slice){
		s->input + s->input_start, s->input_end - s->input_start};
	return 0;
}

bool
stream_waits(const struct stream *s)
{
	return s->tls == NULL ? s->input_start == s->input_end
			      : records_buffered(s->tls) == 0;
}

int
stream_next(struct stream *s, struct slice *input)
{
	if (stream_waits(s) && stream_flush(s) == -1)
		return -1;
	if (s->tls != NULL)
		return records_next(s->tls, input);
	return stream_wire_next(s, input);
}

void
stream_consume(struct stream *s, size_t len)
{
	if (s->tls != NULL)
		records_consume(s->tls, len);
	else
		s->input_start += len;
}

void
stream_wipe(struct stream *s, struct slice input, size_t len)
{
	/* In the clear our own buffer; under TLS the engine's, as plaintext. */
	explicit_bzero((char *)(uintptr_t)input.data, len);
	stream_consume(s, len);
}

bool
stream_pending(struct stream *s)
{
	struct pollfd ready = {.fd = s->in, .events = POLLIN | POLLRDHUP};
	struct slice input;

	if (s->input_start != s->input_end ||
		(s->tls != NULL && records_buffered(s->tls) > 0))
		return true;
	if (poll(&ready, 1, 0) != 1 || !(ready.revents & POLLIN))
		return false;
	/* The end of input is readable too, but is no input. */
	return !(ready.revents & (POLLRDHUP | POLLHUP)) ||
	       stream_wire_next(s, &input) == 0;
}

void
stream_put(struct stream *s, struct slice text)
{
	while (text.len > 0) {
		size_t room = sizeof s->output - s->output_len;
		size_t len = text.len < room ? text.len : room;

		memcpy(s->output + s->output_len, text.data, len);
		s->output_len += len;
		text = slice_from(text, len);
		if (s->output_len == sizeof s->output && stream_flush(s) == -1)
			return;
	}
}

int
stream_flush(struct stream *s)
{
	struct slice text = {s->output, s->output_len};

	s->output_len = 0;
	if (s->state == STREAM_GONE || s->state == STREAM_KEEPER)
		return -1;
	if (text.len == 0)
		return 0;
	return s->tls != NULL ? records_write(s->tls, text)
			      : stream_wire_write(s, text);
}

int
stream_wait_other(struct stream *s, int fd, short events, int64_t deadline)
{
	int64_t gone = CLOCK_NEVER;

	for (;;) {
		struct pollfd fds[3] = {{.fd = fd, .events = events},
			{.fd = fd == s->channel ? -1 : s->channel,
				.events = POLLIN},
			{.fd = gone == CLOCK_NEVER ? s->in : -1,
				.events = POLLRDHUP}};
		int ready =
			clock_poll(fds, 3, gone < deadline ? gone : deadline);

		if (ready == -1)
			return fail(s, STREAM_GONE);
		if (fds[0].revents != 0)
			return 1;
		if (fds[1].revents != 0)
			return keeper_silent(s, fds[1].revents);
		if (ready == 0)
			return gone <= deadline && gone != CLOCK_NEVER
				       ? fail(s, STREAM_GONE)
				       : 0;
		/*
		 * It may have sent everything and closed its half; but one that
		 * is gone must not be waited for. So it gets a little time.
		 */
		gone = clock_ms() + STREAM_GONE_MS;
	}
}

static void
drain_input(struct stream *s)
{
	struct slice input;
	size_t total = 0;

	if (shutdown(s->out, SHUT_WR) == -1)
		close(s->out); /* a pipe has no halves */
	s->tls = NULL;	       /* what comes now is thrown away, clear or not */
	explicit_bzero(
		s->input + s->input_start, s->input_end - s->input_start);
	s->input_start = s->input_end;
	if (s->state == STREAM_TIMEOUT || s->state == STREAM_STOP)
		s->state = STREAM_OPEN;
	while ((s->piped || total < CLOSE_OCTETS) &&
		stream_wire_next(s, &input) == 0) {
		total += input.len;
		stream_wipe(s, input, input.len);
	}
}

void
stream_close(struct stream *s, bool drain)
{
	stream_time(s, CLOSE_MS);
	if (stream_flush(s) == -1)
		return;
	if (s->tls != NULL)
		records_close(s->tls);
	if (s->tls != NULL && drain)
		records_wipe(s->tls);
	if (drain)
		drain_input(s);
}
