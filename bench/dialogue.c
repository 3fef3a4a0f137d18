/*
 * dialogue - see canned.h. One letter decides about a command, AUTH is
 * believed, replies are collected until the next read, the body goes unchanged
 * into the queue program. Run under tcpserver, one process a connection.
 */
#include "bench/canned.h"

#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT 4096

struct talk {
	struct canned *c;
	size_t start, end, output_len;
	char output[OUTPUT];
	char input[CANNED_INPUT];
};

static struct talk talk;

ssize_t
canned_read(void *wire, char *data, size_t len)
{
	(void)wire;
	return read(0, data, len);
}

int
canned_write(void *wire, const char *data, size_t len)
{
	(void)wire;
	return write(1, data, len) == (ssize_t)len ? 0 : -1;
}

static int
put(struct talk *t, const char *text)
{
	size_t len = strlen(text);

	if (len > OUTPUT - t->output_len)
		return -1;
	memcpy(t->output + t->output_len, text, len);
	t->output_len += len;
	return 0;
}

/* Sends what was collected, then reads behind what is in the buffer. */
static int
more(struct talk *t)
{
	if (t->output_len > 0) {
		if (t->c->write(t->c->wire, t->output, t->output_len) == -1)
			return -1;
		t->output_len = 0;
	}
	if (t->start == t->end)
		t->start = t->end = 0;
	if (t->end == CANNED_INPUT)
		return -1;
	ssize_t n = t->c->read(
		t->c->wire, t->input + t->end, CANNED_INPUT - t->end);
	if (n <= 0)
		return -1;
	t->end += (size_t)n;
	return 0;
}

/* Returns the next line, which ends with LF, or NULL at the end of input. */
static char *
line(struct talk *t)
{
	for (;;) {
		char *from = t->input + t->start;
		char *lf = memchr(from, '\n', t->end - t->start);

		if (lf != NULL) {
			t->start = (size_t)(lf + 1 - t->input);
			return from;
		}
		if (more(t) == -1)
			return NULL;
	}
}

static int
all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n <= 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The body as it is, up to a read that ends with the final dot. */
static int
copy_dot(struct talk *t, int fd)
{
	char tail[5] = "..\r\n";

	for (;;) {
		size_t len = t->end - t->start;
		const char *data = t->input + t->start;

		if (len >= 5)
			memcpy(tail, data + len - 5, 5);
		else if (len > 0) {
			memmove(tail, tail + len, 5 - len);
			memcpy(tail + 5 - len, data, len);
		}
		if (len > 0 && all(fd, data, len) == -1)
			return -1;
		t->start = t->end = 0;
		if (memcmp(tail, "\r\n.\r\n", 5) == 0)
			return 0;
		if (more(t) == -1)
			return -1;
	}
}

static int
copy_octets(struct talk *t, int fd, size_t left)
{
	while (left > 0) {
		size_t len = t->end - t->start;

		if (len == 0) {
			if (more(t) == -1)
				return -1;
			continue;
		}
		if (len > left)
			len = left;
		if (all(fd, t->input + t->start, len) == -1)
			return -1;
		t->start += len;
		left -= len;
	}
	return 0;
}

static pid_t
start_sink(const char *sink, const int message[2], const int envelope[2])
{
	pid_t pid = vfork();

	if (pid != 0)
		return pid;
	dup2(message[0], 0);
	dup2(envelope[0], 1);
	close(message[0]);
	close(message[1]);
	close(envelope[0]);
	close(envelope[1]);
	execl(sink, sink, (char *)NULL);
	_exit(120);
}

int
canned_open(struct canned_message *m, const char *sink)
{
	int data[2], envelope[2];

	if (pipe(data) == -1 || pipe(envelope) == -1)
		return -1;
	m->pid = start_sink(sink, data, envelope);
	close(data[0]);
	close(envelope[0]);
	m->data = data[1];
	m->envelope = envelope[1];
	return m->pid == -1 ? -1 : 0;
}

int
canned_commit(struct canned_message *m)
{
	static const char text[] = "Fa@example.com\0Tb@example.org\0";
	int status;

	if (m->data != -1)
		close(m->data);
	int result = all(m->envelope, text, sizeof text);

	close(m->envelope);
	return waitpid(m->pid, &status, 0) == m->pid && status == 0 ? result
								    : -1;
}

static int
copy(struct talk *t, int fd, size_t octets)
{
	return octets == SIZE_MAX ? copy_dot(t, fd)
				  : copy_octets(t, fd, octets);
}

/* The body and the rest go through another process. */
static int
message_elsewhere(struct talk *t, size_t octets)
{
	int fd = t->c->open();

	if (fd == -1)
		return -1;
	int result = copy(t, fd, octets);

	close(fd);
	return result == -1 ? -1 : t->c->commit();
}

/* One message; octets is SIZE_MAX for DATA. */
static int
message(struct talk *t, size_t octets)
{
	struct canned_message m;
	int result;

	if (t->c->open != NULL)
		result = message_elsewhere(t, octets);
	else
		result = canned_open(&m, t->c->sink) == -1 ||
					 copy(t, m.data, octets) == -1
				 ? -1
				 : canned_commit(&m);
	return result == -1 ? -1 : put(t, "250 2.0.0 ok\r\n");
}

/* AUTH SCRAM has two turns more; its proofs are believed as well. */
static int
auth(struct talk *t, const char *from)
{
	if (t->c->login != NULL && t->c->login() == -1)
		return -1;
	if (from[5] != 'S')
		return put(t, "235 2.7.0 ok\r\n");
	if (put(t, "334 cj1jYW5uZWQscz1NREV5TXpRMU5qYzRPV0ZpWTJSbFpnPT0sa"
		   "T00MDk2\r\n") == -1 ||
		line(t) == NULL || put(t, "334 dj1jYW5uZWQ=\r\n") == -1 ||
		line(t) == NULL)
		return -1;
	return put(t, "235 2.7.0 ok\r\n");
}

static size_t
number(const char *text)
{
	size_t n = 0;

	while (*text >= '0' && *text <= '9')
		n = n * 10 + (size_t)(*text++ - '0');
	return n;
}

static int
command(struct talk *t, const char *from)
{
	switch (*from) {
	case 'E':
		return put(t, "250-mail.example.com\r\n250-PIPELINING\r\n"
			      "250-8BITMIME\r\n250-CHUNKING\r\n"
			      "250-AUTH SCRAM-SHA-256 PLAIN\r\n250 SIZE 0\r\n");
	case 'A':
		return auth(t, from);
	case 'M':
	case 'R':
		return put(t, "250 2.1.0 ok\r\n");
	case 'D':
		return put(t, "354 go ahead\r\n") == -1 ? -1
							: message(t, SIZE_MAX);
	case 'B':
		return message(t, number(from + 5));
	default:
		return put(t, "502 5.5.1 unknown command\r\n");
	}
}

void
canned_talk(struct canned *c)
{
	struct talk *t = &talk;
	const char *from;

	t->c = c;
	if (put(t, "220 mail.example.com ESMTP\r\n") == -1)
		return;
	while ((from = line(t)) != NULL && *from != 'Q')
		if (command(t, from) == -1)
			return;
	if (from != NULL && put(t, "221 2.0.0 bye\r\n") == 0)
		(void)c->write(c->wire, t->output, t->output_len);
}
