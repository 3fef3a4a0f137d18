/*
 * dovecot_socket - asks the auth service which mechanisms it offers, as the
 * server does for each EHLO. Run by smtpd-check, in a process with the
 * account's rights when it is root.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/dovecot_socket.h"
#include "auth/dovecot_lines.h"
#include "lib/clock.h"

#define PATIENCE_MS 2000

struct question {
	const char *path;
	int answer; /* the names are written to it */
};

int
dovecot_socket_connect(const char *path, int flags)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	if (fd != -1 && (slice_string(slice_of(path), address.sun_path,
				 sizeof address.sun_path) == -1 ||
				connect(fd, (struct sockaddr *)&address,
					sizeof address) == -1)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Waits for more of text. -1: there will be none. */
static int
hear(int fd, struct buffer *text, int64_t deadline)
{
	struct pollfd wait = {fd, POLLIN, 0};
	ssize_t n;

	if (text->len == text->cap || clock_poll(&wait, 1, deadline) <= 0)
		return -1;
	n = read(fd, text->data + text->len, text->cap - text->len);
	if (n <= 0)
		return -1;
	text->len += (size_t)n;
	return 0;
}

/* Lines until DONE. */
static void
shake_hands(int fd, struct dovecot_handshake *h)
{
	static char text[DOVECOT_LINE_MAX];
	char said[64];
	struct buffer heard = BUFFER_OVER(text), hello = BUFFER_OVER(said);
	int64_t deadline = clock_ms() + PATIENCE_MS;
	size_t start = 0;

	dovecot_say_hello(&hello, (uint64_t)getpid());
	if (write(fd, hello.data, hello.len) != (ssize_t)hello.len)
		return;
	while (!h->done) {
		struct slice there = {text + start, heard.len - start};
		size_t len = slice_find(there, '\n');

		if (len == there.len) {
			if (hear(fd, &heard, deadline) == -1)
				return;
			continue;
		}
		if (dovecot_hear_handshake(
			    h, (struct slice){there.data, len}) == -1)
			return;
		start += len + 1;
	}
}

/* For as_account(): 1 when Dovecot has said it all. */
static int
ask(const void *what)
{
	const struct question *q = what;
	static char names[AUTHMECHS_OFFER_MAX];
	struct dovecot_handshake h = {.offered = BUFFER_OVER(names)};
	int fd = dovecot_socket_connect(q->path, SOCK_NONBLOCK);

	if (fd == -1)
		return 0;
	shake_hands(fd, &h);
	close(fd);
	if (!h.done || h.offered.overflow)
		return 0;
	return write(q->answer, names, h.offered.len) == (ssize_t)h.offered.len;
}

const char *
dovecot_socket_ask(const struct check *c, const char *path)
{
	char names[AUTHMECHS_OFFER_MAX];
	int ends[2];
	ssize_t len;

	if (pipe2(ends, O_CLOEXEC) == -1)
		return NULL;
	/* A pipe takes that much at once. */
	struct question question = {path, ends[1]};
	bool said = as_account(c, ask, &question) == 1;

	close(ends[1]);
	len = said ? read(ends[0], names, sizeof names) : -1;
	close(ends[0]);
	return len < 0 ? NULL
		       : report_slice((struct slice){names, (size_t)len});
}
