/* talk - see talk.h. Run by smtpd-check. */
#include "client/talk.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/buffer.h"
#include "lib/clock.h"

static int
fail(struct talk *t, const char *fault)
{
	t->fault = fault;
	return -1;
}

static int
fail_system(struct talk *t)
{
	return fail(t, errno == EAGAIN || errno == EINPROGRESS
			       ? "no answer in time"
			       : strerror(errno));
}

/* connect() with a deadline; the socket blocks again afterwards. */
static int
connect_in_time(int fd, const struct addrinfo *address)
{
	struct pollfd wait = {fd, POLLOUT, 0};
	socklen_t len = sizeof(int);
	int error = 0;

	if (fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
		return -1;
	if (connect(fd, address->ai_addr, address->ai_addrlen) == -1) {
		if (errno != EINPROGRESS)
			return -1;
		if (clock_poll(&wait, 1, clock_ms() + TALK_CONNECT_MS) == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
			return -1;
		if (error != 0) {
			errno = error;
			return -1;
		}
	}
	return fcntl(fd, F_SETFL, 0);
}

static void
compare_ends(struct talk *t)
{
	char ours[64], theirs[64];
	struct sockaddr_storage a, b;
	socklen_t a_len = sizeof a, b_len = sizeof b;

	t->same_host = getsockname(t->fd, (struct sockaddr *)&a, &a_len) == 0 &&
		       getpeername(t->fd, (struct sockaddr *)&b, &b_len) == 0 &&
		       getnameinfo((struct sockaddr *)&a, a_len, ours,
			       sizeof ours, NULL, 0, NI_NUMERICHOST) == 0 &&
		       getnameinfo((struct sockaddr *)&b, b_len, theirs,
			       sizeof theirs, NULL, 0, NI_NUMERICHOST) == 0 &&
		       strcmp(ours, theirs) == 0;
	t->loopback = t->same_host && (strncmp(ours, "127.", 4) == 0 ||
					      strcmp(ours, "::1") == 0);
}

static int
open_address(struct talk *t, const struct addrinfo *address)
{
	struct timeval limit = {TALK_SECONDS, 0};

	t->fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (t->fd == -1)
		return -1;
	if (connect_in_time(t->fd, address) == 0 &&
		setsockopt(t->fd, SOL_SOCKET, SO_RCVTIMEO, &limit,
			sizeof limit) == 0 &&
		setsockopt(t->fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
			sizeof limit) == 0) {
		compare_ends(t);
		return 0;
	}
	int error = errno;

	close(t->fd);
	t->fd = -1;
	errno = error;
	return -1;
}

int
talk_open(struct talk *t, const char *host, const char *port)
{
	struct addrinfo wish = {.ai_socktype = SOCK_STREAM}, *found = NULL;

	*t = (struct talk){.fd = -1};
	int error = getaddrinfo(host, port, &wish, &found);

	if (error != 0)
		return fail(t, gai_strerror(error));
	for (const struct addrinfo *at = found; at != NULL && t->fd == -1;
		at = at->ai_next)
		if (open_address(t, at) == -1)
			(void)fail_system(t);
	freeaddrinfo(found);
	if (t->fd == -1)
		return -1;
	t->fault = NULL;
	return 0;
}

bool
talk_wait(const struct talk *t, int milliseconds)
{
	struct pollfd wait = {t->fd, POLLIN, 0};

	return t->start < t->end ||
	       clock_poll(&wait, 1, clock_ms() + milliseconds) == 1;
}

bool
talk_ended(const struct talk *t)
{
	char octet;
	ssize_t n = recv(t->fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT);

	return t->start == t->end &&
	       (n == 0 || (n == -1 && errno == ECONNRESET));
}

static int
fail_tls(struct talk *t)
{
	static char text[80];

	if (errno != EPROTO)
		return fail_system(t);
	if (secure_error(t->tls) == 0)
		return fail(t, "the connection was closed");
	(void)snprintf(text, sizeof text,
		"the handshake failed (BearSSL's error %d)",
		secure_error(t->tls));
	return fail(t, text);
}

int
talk_secure(struct talk *t, const char *name)
{
	/* What came in clear must not be taken for what comes under TLS. */
	if (t->start < t->end)
		return fail(t, "clear text came after STARTTLS");
	t->tls = secure_new(NULL, 0);
	if (t->tls == NULL)
		return fail_system(t);
	secure_start(t->tls, name);
	if (secure_handshake(t->tls, t->fd) == -1)
		return fail_tls(t);
	return 0;
}

static ssize_t
write_some(struct talk *t, struct slice data)
{
	return t->tls == NULL
		       ? send(t->fd, data.data, data.len, MSG_NOSIGNAL)
		       : secure_write(t->tls, t->fd, data.data, data.len);
}

static int
send_all(struct talk *t, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = write_some(t, data);

		if (n <= 0)
			return t->tls == NULL ? fail_system(t) : fail_tls(t);
		data = slice_from(data, (size_t)n);
	}
	if (t->tls != NULL && secure_flush(t->tls, t->fd) == -1)
		return fail_tls(t);
	return 0;
}

/* Version 2, PROXY; the family comes next, TCP over IPv4 or IPv6. */
#define HEADER_START "\r\n\r\n\0\r\nQUIT\n\x21"

int
talk_introduce(struct talk *t)
{
	struct sockaddr_storage ours, theirs;
	socklen_t len = sizeof ours, theirs_len = sizeof theirs;
	char header[64];
	struct buffer b = BUFFER_OVER(header);

	if (getsockname(t->fd, (struct sockaddr *)&ours, &len) == -1 ||
		getpeername(t->fd, (struct sockaddr *)&theirs, &theirs_len) ==
			-1)
		return fail_system(t);
	bool six = ours.ss_family == AF_INET6;
	const struct sockaddr_in *four[] = {(const struct sockaddr_in *)&ours,
		(const struct sockaddr_in *)&theirs};
	const struct sockaddr_in6 *long_[] = {
		(const struct sockaddr_in6 *)&ours,
		(const struct sockaddr_in6 *)&theirs};

	buffer_add_slice(
		&b, (struct slice){HEADER_START, sizeof HEADER_START - 1});
	buffer_add_slice(
		&b, (struct slice){six ? "\x21\0\x24" : "\x11\0\x0c", 3});
	for (size_t i = 0; i < 2; i++)
		buffer_add_slice(&b,
			six ? (struct slice){(const char *)&long_[i]->sin6_addr,
				      sizeof long_[i]->sin6_addr}
			    : (struct slice){(const char *)&four[i]->sin_addr,
				      sizeof four[i]->sin_addr});
	for (size_t i = 0; i < 2; i++)
		buffer_add_slice(&b,
			(struct slice){six ? (const char *)&long_[i]->sin6_port
					   : (const char *)&four[i]->sin_port,
				sizeof(in_port_t)});
	return send_all(t, buffer_slice(&b));
}

/* The next line without its end; it stays where it is until the next call. */
static int
next_line(struct talk *t, struct slice *line)
{
	for (;;) {
		char *from = t->input + t->start;
		char *lf = memchr(from, '\n', t->end - t->start);

		if (lf != NULL) {
			*line = (struct slice){from, (size_t)(lf - from)};
			if (line->len > 0 && from[line->len - 1] == '\r')
				line->len--;
			t->start = (size_t)(lf + 1 - t->input);
			return 0;
		}
		memmove(t->input, from, t->end - t->start);
		t->end -= t->start;
		t->start = 0;
		if (t->end == sizeof t->input)
			return fail(t, "a line without end");
		ssize_t n =
			t->tls == NULL
				? recv(t->fd, t->input + t->end,
					  sizeof t->input - t->end, 0)
				: secure_read(t->tls, t->fd, t->input + t->end,
					  sizeof t->input - t->end);

		if (n == 0)
			return fail(t, "the connection was closed");
		if (n < 0)
			return t->tls == NULL ? fail_system(t) : fail_tls(t);
		t->end += (size_t)n;
	}
}

int
talk_reply(struct talk *t, struct talk_reply *reply)
{
	struct buffer text = {reply->text, 0, sizeof reply->text - 1, false};
	struct slice line;
	uint64_t code;

	for (;;) {
		if (next_line(t, &line) == -1)
			return -1;
		if (line.len < 3 ||
			slice_number((struct slice){line.data, 3}, &code) ==
				-1 ||
			(line.len > 3 && line.data[3] != ' ' &&
				line.data[3] != '-'))
			return fail(t, "what came is no SMTP reply");
		reply->code = (unsigned)code;
		if (text.len > 0)
			buffer_add_char(&text, '\n');
		if (line.len > 4)
			buffer_add_slice(&text, slice_from(line, 4));
		if (line.len == 3 || line.data[3] == ' ')
			break;
	}
	reply->text[text.len] = '\0';
	return 0;
}

int
talk_ask(struct talk *t, struct talk_reply *reply, const char *format, ...)
{
	char line[8192];
	va_list arguments;

	va_start(arguments, format);
	int len = vsnprintf(line, sizeof line - 2, format, arguments);
	va_end(arguments);
	if (len < 0 || (size_t)len >= sizeof line - 2)
		return fail(t, "a line too long to be sent");
	memcpy(line + len, "\r\n", 2);
	int result = send_all(t, (struct slice){line, (size_t)len + 2});

	explicit_bzero(line, sizeof line); /* may hold a password */
	return result == -1 ? -1 : talk_reply(t, reply);
}

void
talk_close(struct talk *t)
{
	if (t->fd != -1)
		close(t->fd);
	free(t->tls);
	t->fd = -1;
	t->tls = NULL;
}
