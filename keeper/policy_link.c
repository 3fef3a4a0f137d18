/* policy_link - see policy_link.h. Run by the keeper and smtpd-check. */
#include "keeper/policy_link.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/policysocket.h"

void
policy_link_close(struct policy_link *link)
{
	if (link->state != LINK_CLOSED)
		close(link->fd);
	link->state = LINK_CLOSED;
}

static enum policy_link_result
fail(struct policy_link *link, const char *why)
{
	policy_link_close(link);
	link->error = why;
	return LINK_FAILED;
}

static enum policy_link_result
wait_for(struct policy_link *link, short events)
{
	link->events = events;
	link->wake = link->deadline;
	return LINK_WAITS;
}

/* A daemon may close what is idle: that is no failure of the next request. */
static enum policy_link_result
closed(struct policy_link *link, const char *why)
{
	if (!link->kept)
		return fail(link, why);
	policy_link_close(link);
	link->kept = false;
	return LINK_MOVES;
}

/* --------------------------------------------------------------- steps --- */

/* Called once more, connect() says what has become of it. */
static enum policy_link_result
go_on_connecting(struct policy_link *link)
{
	struct sockaddr_storage address;
	socklen_t len = policysocket_address(link->server, &address);

	if (connect(link->fd, (const struct sockaddr *)&address, len) == 0 ||
		errno == EISCONN) {
		link->state = LINK_WRITING;
		return LINK_MOVES;
	}
	if (errno == EINPROGRESS || errno == EALREADY)
		return wait_for(link, POLLOUT);
	/* The queue of a Unix socket is full, and nothing tells of its end. */
	if (errno == EAGAIN) {
		policy_link_close(link);
		return wait_for(link, 0);
	}
	return fail(link, strerror(errno));
}

static enum policy_link_result
open_link(struct policy_link *link)
{
	struct sockaddr_storage address;

	/* An answer to another request is none to this. */
	link->text_len = link->sent = 0;
	(void)policysocket_address(link->server, &address); /* else AF_UNSPEC */
	link->fd = socket(address.ss_family,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (link->fd == -1)
		return fail(link, strerror(errno));
	link->state = LINK_CONNECTING;
	return go_on_connecting(link);
}

static enum policy_link_result
go_on_writing(struct policy_link *link)
{
	struct slice rest =
		slice_from(buffer_slice(&link->request), link->sent);
	ssize_t n = send(link->fd, rest.data, rest.len, MSG_NOSIGNAL);

	if (n == -1 && errno == EAGAIN)
		return wait_for(link, POLLOUT);
	if (n == -1)
		return closed(link, strerror(errno));
	link->sent += (size_t)n;
	if (link->sent == link->request.len)
		link->state = LINK_READING;
	return LINK_MOVES;
}

/* The answer is whole. Octets behind it would be taken for the next one. */
static enum policy_link_result
answered(struct policy_link *link, size_t len)
{
	if (len < link->text_len)
		policy_link_close(link);
	else
		link->state = LINK_IDLE;
	policy_answer_read(&link->answer, (struct slice){link->text, len});
	return LINK_ANSWERED;
}

static enum policy_link_result
go_on_reading(struct policy_link *link)
{
	size_t room = sizeof link->text - link->text_len;
	ssize_t n = recv(link->fd, link->text + link->text_len, room, 0);

	if (n == -1 && errno == EAGAIN)
		return wait_for(link, POLLIN);
	if (n <= 0)
		return closed(link, n == 0 ? "closed" : strerror(errno));
	link->text_len += (size_t)n;
	size_t len = policy_answer_length(
		(struct slice){link->text, link->text_len});

	if (len > 0)
		return answered(link, len);
	return link->text_len == sizeof link->text ? fail(link, "too long")
						   : LINK_MOVES;
}

/* ----------------------------------------------------------------- ask --- */

/* Is the kept connection there, and nothing on it that nobody asked for? */
static bool
is_usable(const struct policy_link *link)
{
	char octet;

	return recv(link->fd, &octet, 1, MSG_PEEK) == -1 && errno == EAGAIN;
}

void
policy_link_ask(struct policy_link *link, struct slice server,
	const struct policy_request *request, int64_t deadline)
{
	if (link->state != LINK_IDLE || !is_usable(link))
		policy_link_close(link);
	link->kept = link->state == LINK_IDLE;
	if (link->kept)
		link->state = LINK_WRITING;
	link->server = server;
	link->deadline = deadline;
	link->text_len = link->sent = 0;
	link->request = BUFFER_OVER(link->request_text);
	policy_request_write(request, &link->request);
}

enum policy_link_result
policy_link_go_on(struct policy_link *link, int64_t now)
{
	static enum policy_link_result (*const steps[])(
		struct policy_link *) = {
		[LINK_CLOSED] = open_link,
		[LINK_CONNECTING] = go_on_connecting,
		[LINK_WRITING] = go_on_writing,
		[LINK_READING] = go_on_reading,
	};
	enum policy_link_result result = LINK_MOVES;

	while (result == LINK_MOVES)
		result = steps[link->state](link);
	if (result != LINK_WAITS)
		return result;
	if (now >= link->deadline)
		return fail(link, "timeout");
	if (link->state == LINK_CLOSED && now + POLICY_BUSY_MS < link->wake)
		link->wake = now + POLICY_BUSY_MS;
	return LINK_WAITS;
}
