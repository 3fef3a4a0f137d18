/* transfer - see transfer.h. Run by queue-qmqp. */
#include "queue/transfer.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"

#define BLOCK 65536
#define ON_THE_WAY (-1) /* no end yet */

static int64_t
earlier(int64_t deadline, int64_t ms)
{
	int64_t other = clock_ms() + ms;

	return other < deadline ? other : deadline;
}

/*
 * Reads what there is of the answer's. Returns whether there may be more;
 * else reason is set, unless the answer has ended.
 */
static bool
hear(struct transfer *t)
{
	char block[ANSWER_MAX];
	ssize_t n = recv(t->fd, block, sizeof block, 0);

	if (n > 0) {
		answer_feed(&t->answer, (struct slice){block, (size_t)n});
		return !answer_ended(&t->answer);
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return true;
	t->reason = n == 0 ? "connection closed" : strerror(errno);
	return false;
}

/* Waits for the end of the answer. Returns whether stop was not asked for. */
static bool
hear_out(struct transfer *t, int stop, int64_t deadline)
{
	struct pollfd fds[] = {{.fd = t->fd, .events = POLLIN},
		{.fd = stop, .events = POLLIN}};

	for (bool begun = false;;) {
		if (t->answer.len > 0 && !begun) {
			begun = true;
			deadline = earlier(deadline, TRANSFER_REST_MS);
		}
		int ready = clock_poll(fds, 2, deadline);

		if (ready > 0 && fds[1].revents != 0)
			return false;
		if (ready <= 0)
			t->reason = "it takes too long";
		if (ready <= 0 || !hear(t))
			return true;
	}
}

/* A server that speaks or ends before the comma does not queue. */
static int
hear_early(struct transfer *t)
{
	int64_t deadline = earlier(t->deadline, TRANSFER_REST_MS);

	if (!hear_out(t, t->stop, deadline))
		return TRANSFER_STOPPED;
	return answer_ended(&t->answer) || t->answer.len > 0 ? TRANSFER_EARLY
							     : TRANSFER_FAILED;
}

/* Until octets can be sent. Returns an end, or ON_THE_WAY. */
static int
wait_for_room(struct transfer *t)
{
	struct pollfd fds[] = {{.fd = t->fd, .events = POLLIN | POLLOUT},
		{.fd = t->stop, .events = POLLIN}};
	int ready = clock_poll(fds, 2, earlier(t->deadline, TRANSFER_STALL_MS));

	if (ready == 0 && clock_ms() >= t->deadline)
		return TRANSFER_TIMEOUT;
	if (ready <= 0) {
		t->reason = ready == 0 ? "takes nothing" : strerror(errno);
		return TRANSFER_FAILED;
	}
	if (fds[1].revents != 0)
		return TRANSFER_STOPPED;
	/* Errors are read, too. */
	return fds[0].revents == POLLOUT ? ON_THE_WAY : hear_early(t);
}

static int
send_all(struct transfer *t, struct slice text, int flags)
{
	while (text.len > 0) {
		int end = wait_for_room(t);

		if (end != ON_THE_WAY)
			return end;
		ssize_t n =
			send(t->fd, text.data, text.len, flags | MSG_NOSIGNAL);

		if (n >= 0)
			text = slice_from(text, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return hear_early(t); /* it may have said why */
	}
	return ON_THE_WAY;
}

static int
send_file(struct transfer *t, const struct letter *letter)
{
	char block[BLOCK];
	int end = ON_THE_WAY;

	for (uint64_t at = 0; end == ON_THE_WAY && at < letter->len;) {
		ssize_t n = pread(letter->fd, block, sizeof block, (off_t)at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO; /* it was longer */
		if (n <= 0)
			return TRANSFER_BROKEN;
		end = send_all(t, (struct slice){block, (size_t)n}, MSG_MORE);
		at += (uint64_t)n;
	}
	return end;
}

enum transfer_end
transfer_run(struct transfer *t, const struct letter *letter)
{
	char room[LETTER_HEAD];
	struct buffer head = BUFFER_OVER(room);
	const int on = 1;

	/* The comma waits for no acknowledgement. Without it it is slower. */
	(void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	letter_head(letter, &head);
	int end = send_all(t, buffer_slice(&head), MSG_MORE);

	if (end == ON_THE_WAY)
		end = send_file(t, letter);
	if (end == ON_THE_WAY)
		end = send_all(t, slice_of(","), 0);
	if (end != ON_THE_WAY)
		return (enum transfer_end)end;
	(void)hear_out(t, -1, t->deadline);
	return TRANSFER_COMMITTED;
}
