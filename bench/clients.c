/* clients - see clients.h. Run by the load generator. */
#include "bench/clients.h"

#include <arpa/inet.h>
#include <bearssl/bearssl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client/secure.h"

#define PATTERN 1048576
#define REPLY 2048
#define EVENTS 256

/* What every server here can do, and the fastest. */
static const uint16_t suites[] = {BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256};

struct client {
	int fd;
	struct secure *engine; /* NULL: TLS is not wanted */
	struct secure *secure; /* the same; NULL: in the clear */
	struct speaker speaker;
	size_t step;
	const char *expect;
	struct slice text, after; /* to be sent, in this order */
	uint64_t body;		  /* between the two */
	int64_t started, body_started;
	char made[4096];
	char reply[REPLY];
	size_t reply_len;
};

static char pattern[PATTERN];

_Noreturn void
clients_die(const char *what, struct slice text)
{
	fprintf(stderr, "load: fatal: %s: %.*s\n", what, (int)text.len,
		text.data == NULL ? "" : text.data);
	exit(111);
}

_Noreturn void
clients_die_system(const char *what)
{
	clients_die(what, slice_of(strerror(errno)));
}

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Lines without a dot at their start; the first block holds a header. */
static void
make_pattern(void)
{
	for (size_t i = 0; i < PATTERN; i++)
		pattern[i] = (char)('a' + i % 23);
	for (size_t i = SCRIPT_LINE; i <= PATTERN; i += SCRIPT_LINE)
		memcpy(pattern + i - 2, "\r\n", 2);
	memcpy(pattern, "Subject: ", 9);
	memcpy(pattern + SCRIPT_LINE - 4, "\r\n", 2);
}

static ssize_t
put(struct client *c, const char *data, size_t len)
{
	return c->secure == NULL ? write(c->fd, data, len)
				 : secure_write(c->secure, c->fd, data, len);
}

/* A small step leaves in one write, hence in one segment. */
static void
join(struct client *c)
{
	struct buffer b = BUFFER_OVER(c->made);

	if (c->body > sizeof c->made - 64)
		return;
	if (c->text.data != c->made)
		buffer_add_slice(&b, c->text);
	else
		b.len = c->text.len;
	buffer_add(&b, pattern, (size_t)c->body);
	buffer_add_slice(&b, c->after);
	if (b.overflow)
		return;
	c->text = buffer_slice(&b);
	c->body = 0;
	c->after.len = 0;
}

static void
start_step(struct load *l, struct client *c)
{
	const struct step *step = &l->script.steps[c->step];
	struct buffer made = BUFFER_OVER(c->made);

	c->expect = step->expect;
	c->text = step->text;
	c->body = step->body;
	c->after = step->after;
	if (step->make != NULL) {
		if (step->make(&c->speaker, &made) == -1)
			clients_die("not to be answered", c->speaker.reply);
		c->text = buffer_slice(&made);
	}
	if (c->body > 0) {
		c->body_started = now();
		l->body_octets += c->body;
		join(c);
	}
}

/* Returns 0 when all was sent, or -1: wait. */
static int
send_step(struct client *c)
{
	bool any = c->text.len > 0 || c->body > 0 || c->after.len > 0;
	ssize_t n;

	while (c->text.len > 0 || c->body > 0 || c->after.len > 0) {
		if (c->text.len > 0) {
			n = put(c, c->text.data, c->text.len);
			if (n > 0)
				c->text = slice_from(c->text, (size_t)n);
		} else if (c->body > 0) {
			uint64_t total = c->speaker.script->octets;
			size_t at = (size_t)((total - c->body) % PATTERN);
			size_t len = PATTERN - at;

			if (len > c->body)
				len = (size_t)c->body;
			n = put(c, pattern + at, len);
			if (n > 0)
				c->body -= (uint64_t)n;
		} else {
			n = put(c, c->after.data, c->after.len);
			if (n > 0)
				c->after = slice_from(c->after, (size_t)n);
		}
		if (n == -1 && errno == EAGAIN)
			return -1;
		if (n == -1 && errno != EINTR)
			clients_die_system("write");
	}
	if (c->secure != NULL && any && secure_flush(c->secure, c->fd) == -1 &&
		errno != EAGAIN)
		clients_die_system("TLS write");
	return 0;
}

static void
begin_tls(struct client *c)
{
	c->secure = c->engine;
	if (c->secure != NULL)
		secure_start(c->secure, "mail.example.com");
}

static void
connect_client(struct load *l, struct client *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
		.sin_port = htons(l->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event event = {
		.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
	int on = 1;

	c->started = now();
	c->step = 0;
	c->reply_len = 0;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1 ||
		connect(c->fd, (struct sockaddr *)&to, sizeof to) == -1)
		clients_die_system("connect");
	if (fcntl(c->fd, F_SETFL, O_RDWR | O_NONBLOCK) == -1 ||
		setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) ==
			-1 ||
		epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &event) == -1)
		clients_die_system("socket");
	c->secure = NULL;
	if (!l->script.starttls)
		begin_tls(c);
	l->started++;
	start_step(l, c);
}

/* One line of a reply; a step ends with its last expected one. */
static void
hear(struct load *l, struct client *c, struct slice line)
{
	const struct step *step = &l->script.steps[c->step];

	if (line.len < 3 || *c->expect == '\0' || line.data[0] != *c->expect)
		clients_die("unexpected reply", line);
	if (line.len > 3 && line.data[3] == '-')
		return;
	if (*++c->expect != '\0')
		return;
	if (step->body > 0)
		l->body_ns += now() - c->body_started;
	c->speaker.reply = line;
	if (c->step + 1 == l->script.len) {
		l->latency[l->finished++] = now() - c->started;
		return;
	}
	if (step->starts_tls)
		begin_tls(c);
	c->step++;
	if (l->idle && c->step + 1 == l->script.len) {
		l->waiting++;
		return;
	}
	start_step(l, c);
}

static void
finish(struct load *l, struct client *c)
{
	if (*c->expect != '\0' || c->step + 1 != l->script.len)
		clients_die("connection ended early", slice_of(c->expect));
	close(c->fd);
	c->fd = -1;
	if (l->started < l->sessions)
		connect_client(l, c);
}

static void
turn(struct load *l, struct client *c)
{
	for (;;) {
		char *lf;
		ssize_t n;

		(void)send_step(c);
		n = c->secure != NULL ? secure_read(c->secure, c->fd,
						c->reply + c->reply_len,
						REPLY - c->reply_len)
				      : read(c->fd, c->reply + c->reply_len,
						REPLY - c->reply_len);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1 && errno != EINTR)
			clients_die_system("read");
		if (n == 0) {
			finish(l, c);
			return;
		}
		if (n > 0)
			c->reply_len += (size_t)n;
		while ((lf = memchr(c->reply, '\n', c->reply_len)) != NULL) {
			size_t len = (size_t)(lf + 1 - c->reply);
			size_t text =
				len > 1 && lf[-1] == '\r' ? len - 2 : len - 1;

			hear(l, c, (struct slice){c->reply, text});
			c->reply_len -= len;
			memmove(c->reply, lf + 1, c->reply_len);
		}
		if (c->reply_len == REPLY)
			clients_die("long reply", slice_of(""));
	}
}

static void
run(struct load *l, bool (*enough)(const struct load *l))
{
	struct epoll_event events[EVENTS];

	while (!enough(l)) {
		int n = epoll_wait(l->epoll, events, EVENTS, -1);

		if (n == -1 && errno != EINTR)
			clients_die_system("epoll_wait");
		for (int i = 0; i < n; i++)
			if (((struct client *)events[i].data.ptr)->fd != -1)
				turn(l, events[i].data.ptr);
	}
}

static bool
all_finished(const struct load *l)
{
	if (l->finished < l->sessions)
		return false;
	for (size_t i = 0; i < l->clients_len; i++)
		if (l->clients[i].fd != -1)
			return false;
	return true;
}

static bool
all_waiting(const struct load *l)
{
	return l->waiting == l->started;
}

void
clients_prepare(struct load *l)
{
	make_pattern();
	if (l->clients_len > l->sessions)
		l->clients_len = l->sessions;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->clients = calloc(l->clients_len, sizeof *l->clients);
	l->latency = calloc(l->sessions, sizeof *l->latency);
	if (l->epoll == -1 || l->clients == NULL || l->latency == NULL)
		clients_die_system("start");
	for (size_t i = 0; i < l->clients_len; i++) {
		struct client *c = &l->clients[i];

		c->fd = -1;
		c->speaker.script = &l->script;
		c->speaker.random = i * 7919 + (uint64_t)getpid();
		if (l->tls && (c->engine = secure_new(suites, 2)) == NULL)
			clients_die_system("memory");
	}
}

void
clients_run(struct load *l)
{
	for (size_t i = 0; i < l->clients_len; i++)
		connect_client(l, &l->clients[i]);
	run(l, all_finished);
}

/* In tens, so that no backlog overflows. */
void
clients_connect(struct load *l)
{
	for (size_t i = 0; i < l->clients_len; i++) {
		connect_client(l, &l->clients[i]);
		if (i % 10 == 9 || i + 1 == l->clients_len)
			run(l, all_waiting);
	}
}
