/* channel - see channel.h. Run by the session and the keeper. */
#include "keeper/channel.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define PACKET(m) (&(m)->type)
#define HEADER_LEN 2

static_assert(offsetof(struct channel_message, body) ==
		      offsetof(struct channel_message, type) + HEADER_LEN,
	"type, code and body are one packet");

int
channel_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds);
}

/* One descriptor beside the packet, in the form that the kernel wants. */
union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int
channel_answer(int channel, const struct channel_message *m, int fd)
{
	struct iovec packet = {
		(void *)(uintptr_t)PACKET(m), HEADER_LEN + m->len};
	struct msghdr message = {.msg_iov = &packet, .msg_iovlen = 1};
	union control control = {.space = {0}};

	if (fd != -1) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof control.space;
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	}
	ssize_t n;

	do
		n = sendmsg(channel, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	return n == -1 ? -1 : 0;
}

/* The session's filter knows write, not sendmsg. */
int
channel_send(int channel, const struct channel_message *m)
{
	return write(channel, PACKET(m), HEADER_LEN + m->len) == -1 ? -1 : 0;
}

int
channel_say_end(int channel, enum channel_end end, unsigned step)
{
	/* Not in a channel_message, which is large: often this is all. */
	unsigned char packet[HEADER_LEN + 1] = {
		TELL_END, (unsigned char)end, (unsigned char)step};
	size_t len = step != 0 ? sizeof packet : HEADER_LEN;

	return write(channel, packet, len) == -1 ? -1 : 0;
}

int
channel_receive(int channel, struct channel_message *m)
{
	ssize_t n;

	do
		n = recv(channel, PACKET(m), HEADER_LEN + sizeof m->body,
			MSG_TRUNC);
	while (n == -1 && errno == EINTR);
	if (n == 0)
		errno = 0;
	if (n <= 0)
		return 0;
	if (n < HEADER_LEN || (size_t)n > HEADER_LEN + sizeof m->body)
		return -1;
	m->len = (size_t)n - HEADER_LEN;
	return 1;
}

int
channel_receive_fd(int channel, struct channel_message *m, int *fd)
{
	struct iovec packet = {PACKET(m), HEADER_LEN + sizeof m->body};
	union control control = {.space = {0}};
	struct msghdr message = {.msg_iov = &packet,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space};
	ssize_t n;

	*fd = -1;
	do
		n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	if (n < HEADER_LEN || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return -1;
	if (message.msg_controllen > 0)
		memcpy(fd, CMSG_DATA(&control.header), sizeof *fd);
	m->len = (size_t)n - HEADER_LEN;
	return 1;
}

bool
channel_gone(int channel)
{
	struct pollfd other = {.fd = channel};

	return poll(&other, 1, 0) == -1 || other.revents & POLLHUP;
}

int
channel_ask(int channel, struct channel_message *m)
{
	return channel_send(channel, m) == -1 ? -1 : channel_await(channel, m);
}

int
channel_await(int channel, struct channel_message *m)
{
	unsigned char type = m->type;
	int fd;

	if (channel_receive_fd(channel, m, &fd) == -1)
		return -1;
	if (fd != -1)
		close(fd); /* only ASK_OPEN brings one, and asks for itself */
	return m->type == type ? m->code : -1;
}
