/*
 * Unit test of queue-handoff/queue: one message into little queue programs
 * in sh, which do what real ones do, and what they should not.
 */
#include "queue-handoff/queue.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#define READ "cat >/dev/null; cat <&1 >/dev/null; "
#define LATE_MS 60000 /* a program that is not gone by then hangs */
#define LARGE 300000  /* octets, more than a pipe holds */

/* With the environment of the test. */
static int
start_program(struct queue *q, const char *path, int error_fd, int *fd)
{
	struct queue_program program = {
		.path = path, .environment = environ, .error_fd = error_fd};

	return queue_start(q, &program, fd);
}

static struct scratch place;

static char large[LARGE];

/* A script in a file of its own; its path lives until the next one. */
static const char *
program(const char *script, mode_t mode)
{
	static char path[300];
	static unsigned count;
	char name[32], text[1000];

	snprintf(name, sizeof name, "program%u", ++count);
	snprintf(text, sizeof text, "#!/bin/sh\ncd %s\n%s\n", place.path,
		script);
	scratch_text(&place, name, text);
	snprintf(path, sizeof path, "%s/%s", place.path, name);
	scratch_must(chmod(path, mode) == 0, path);
	return path;
}

/* The lowest descriptor that is free: grows when one was left open. */
static int
free_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* Its time is over. */
static void
overdue(struct queue *q)
{
	q->deadline = clock_ms();
	queue_advance(q);
}

/* Until the program is gone, as the keeper does it. */
static int
finish(struct queue *q)
{
	int64_t late = clock_ms() + LATE_MS;

	while (clock_ms() < late) {
		struct pollfd fds[QUEUE_POLL_MAX];
		size_t n = queue_poll(q, fds);

		if (queue_advance(q))
			return 0;
		clock_poll(fds, n, q->deadline < late ? q->deadline : late);
	}
	overdue(q);
	return -1;
}

/*
 * Writes as much as the program takes; a blocked pipe is waited for until the
 * program is gone, since our own copy of the read end keeps it open.
 */
static void
write_message(const struct queue *q, int fd, const char *data, size_t len)
{
	int64_t late = clock_ms() + LATE_MS;

	while (len > 0 && clock_ms() < late) {
		struct pollfd ready[] = {{.fd = fd, .events = POLLOUT},
			{.fd = q->pidfd, .events = POLLIN}};
		ssize_t n = write(fd, data, len);

		if (n == -1 && errno != EAGAIN)
			return;
		if (n == -1) {
			clock_poll(ready, 2, late);
			if ((ready[0].revents & POLLOUT) == 0)
				return;
			continue;
		}
		data += n;
		len -= (size_t)n;
	}
}

static const char envelope[] = "Fa@example.org\0Tb@example.com\0";

static const struct row {
	const char *what;
	const char *script;
	size_t message; /* octets */
	int exit;	/* negative: dies of that signal */
	bool incomplete;
	const char *custom;
} rows[] = {
	{"reads all", READ "exit 0", 5, 0, false, ""},
	{"reads an empty message", READ "exit 0", 0, 0, false, ""},
	{"reads a large message", READ "exit 0", LARGE, 0, false, ""},
	{"starts late", "sleep 0.2; " READ, 5, 0, false, ""},
	{"ends late", READ "sleep 0.2", 5, 0, false, ""},
	{"reads nothing", "exit 0", 5, 0, true, ""},
	{"reads nothing of nothing", "cat <&1 >/dev/null; exit 0", 0, 0, false,
		""},
	{"reads the envelope alone", "cat <&1 >/dev/null; exit 0", 5, 0, true,
		""},
	{"reads the message alone", "cat >/dev/null; exit 0", 5, 0, true, ""},
	{"reads a part of the message",
		"dd bs=1 count=4 of=/dev/null 2>/dev/null;"
		"cat <&1 >/dev/null; exit 0",
		5, 0, true, ""},
	{"reads a part of the envelope",
		"cat >/dev/null; dd bs=1 count=29 of=/dev/null <&1 2>/dev/null;"
		"exit 0",
		5, 0, true, ""},
	{"closes the message", "exec <&-; cat <&1 >/dev/null", 5, 0, true, ""},
	{"refuses at once", "exit 31", 5, 31, true, ""},
	{"refuses in the end", READ "exit 31", 5, 31, false, ""},
	{"is over 127", READ "exit 255", 5, 255, false, ""},
	{"dies", READ "kill -9 $$", 5, -SIGKILL, false, ""},
	{"dies at once", "kill -11 $$", 5, -SIGSEGV, true, ""},
	{"speaks", READ "printf Dno >&6; exit 82", 5, 82, false, "Dno"},
	{"speaks first",
		"printf D >&6; sleep 0.1; printf no >&6;" READ "exit 82", 5, 82,
		false, "Dno"},
	{"closes ERROR_FD", "exec 6>&-; " READ "exit 82", 5, 82, false, ""},
	{"leaves a child with ERROR_FD",
		READ "sleep 3 & printf Dnow >&6; exit 82", 5, 82, false,
		"Dnow"},
};

static void
test_row(const struct row *row)
{
	struct queue q;
	char what[120];
	int fd, before = free_descriptor();

	snprintf(what, sizeof what, "%s: starts", row->what);
	if (!ok(start_program(&q, program(row->script, 0755), 6, &fd) == 0,
		    what))
		return;
	write_message(&q, fd, large, row->message);
	close(fd);
	queue_commit(&q, (struct slice){envelope, sizeof envelope},
		clock_ms() + LATE_MS);
	snprintf(what, sizeof what, "%s: ends", row->what);
	ok(finish(&q) == 0, what);
	snprintf(what, sizeof what, "%s: its exit", row->what);
	ok(row->exit >= 0 ? WIFEXITED(q.wait_status) &&
				    WEXITSTATUS(q.wait_status) == row->exit
			  : WIFSIGNALED(q.wait_status) &&
				    WTERMSIG(q.wait_status) == -row->exit,
		what);
	snprintf(what, sizeof what, "%s: complete or not", row->what);
	ok(q.incomplete == row->incomplete, what);
	snprintf(what, sizeof what, "%s: its words", row->what);
	is_bytes(q.custom.data, q.custom.len, row->custom, strlen(row->custom),
		what);
	snprintf(what, sizeof what, "%s: idle, and in time", row->what);
	ok(q.state == QUEUE_IDLE && !q.timed_out && !queue_advance(&q), what);
	snprintf(
		what, sizeof what, "%s: no descriptor is left open", row->what);
	ok(free_descriptor() == before, what);
}

/* Reads a file of the scratch directory. */
static size_t
contents(const char *name, char *out, size_t cap)
{
	int fd = openat(place.fd, name, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	while (fd != -1 && len < cap &&
		(n = read(fd, out + len, cap - len)) > 0)
		len += (size_t)n;
	if (fd != -1)
		close(fd);
	return len;
}

static void
test_octets(void)
{
	static char got[LARGE + 1];
	struct queue q;
	int fd;

	if (!ok(start_program(&q,
			program("cat >message; cat <&1 >envelope", 0755), 6,
			&fd) == 0,
		    "octets: starts"))
		return;
	write_message(&q, fd, large, LARGE);
	close(fd);
	/* An envelope that does not fit into the pipe either. */
	queue_commit(&q, (struct slice){large, LARGE}, clock_ms() + LATE_MS);
	ok(finish(&q) == 0 && !q.incomplete, "octets: complete");
	is_bytes(got, contents("message", got, sizeof got), large,
		(size_t)LARGE, "octets: the message");
	is_bytes(got, contents("envelope", got, sizeof got), large,
		(size_t)LARGE, "octets: the envelope");
}

static void
test_error_fd(void)
{
	for (int number = 2; number <= 9; number++) {
		char script[80], what[80];
		struct queue q;
		int fd;

		snprintf(script, sizeof script, READ "printf D >&%d; exit 82",
			number);
		snprintf(what, sizeof what, "ERROR_FD %d", number);
		if (!ok(start_program(&q, program(script, 0755), number, &fd) ==
				    0,
			    what))
			continue;
		close(fd);
		queue_commit(&q, (struct slice){envelope, sizeof envelope},
			clock_ms() + LATE_MS);
		ok(finish(&q) == 0 && q.custom.len == 1 && !q.incomplete, what);
	}
}

static void
test_long_words(void)
{
	struct queue q;
	int fd;

	if (!ok(start_program(&q,
			program(READ "head -c 200000 /dev/zero >&6; exit 82",
				0755),
			6, &fd) == 0,
		    "long words: starts"))
		return;
	close(fd);
	queue_commit(&q, (struct slice){envelope, sizeof envelope},
		clock_ms() + LATE_MS);
	ok(finish(&q) == 0 && WEXITSTATUS(q.wait_status) == 82,
		"long words: all are taken from it");
	ok(q.custom.len == QUEUE_CUSTOM_MAX, "long words: some are kept");
}

static void
test_unusable(void)
{
	static const struct {
		const char *what, *path;
		int error;
	} programs[] = {
		{"missing", "/nonexistent/queue", ENOENT},
		{"a directory", "/", EACCES},
		{"empty name", "", ENOENT},
	};
	struct queue q;
	int fd = -1, before = free_descriptor();

	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++) {
		ok(start_program(&q, programs[i].path, 6, &fd) == -1 &&
				errno == programs[i].error,
			programs[i].what);
		ok(q.state == QUEUE_IDLE && fd == -1 && q.pid == -1,
			programs[i].what);
	}
	ok(start_program(&q, program("exit 0", 0644), 6, &fd) == -1 &&
			errno == EACCES,
		"not executable");
	ok(free_descriptor() == before,
		"unusable programs leave no descriptor open");
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD, "and no child");
}

/*
 * The write end of alive goes to the program and all its children: reading
 * it ends when the last of them is gone.
 */
static bool
all_gone(const int alive[2])
{
	struct pollfd fd = {.fd = alive[0], .events = POLLIN};
	char octet;

	close(alive[1]);
	bool gone = clock_poll(&fd, 1, clock_ms() + 2000) == 1 &&
		    read(alive[0], &octet, 1) == 0;

	close(alive[0]);
	return gone;
}

enum way { WAY_ABANDON, WAY_ABANDON_COMMITTED, WAY_TIMEOUT, WAY_KILL };

static void
test_end(enum way way, const char *script, const char *what)
{
	struct queue q;
	int fd, alive[2];
	int64_t start = clock_ms();

	if (!ok(pipe(alive) == 0 && start_program(&q, program(script, 0755), 6,
					    &fd) == 0,
		    what))
		return;
	close(fd);
	if (way == WAY_TIMEOUT || way == WAY_ABANDON_COMMITTED)
		queue_commit(&q, (struct slice){envelope, sizeof envelope},
			clock_ms() + 300);
	if (way == WAY_ABANDON || way == WAY_ABANDON_COMMITTED)
		queue_abandon(&q);
	if (way == WAY_KILL)
		overdue(&q);
	ok(way == WAY_KILL || finish(&q) == 0, what);
	ok(clock_ms() - start < 2000, what);
	ok(q.state == QUEUE_IDLE && q.incomplete, what);
	ok(q.timed_out == (way == WAY_TIMEOUT), what);
	ok(all_gone(alive), what);
}

static void
test_ends(void)
{
	static const struct {
		const char *script, *what;
	} scripts[] = {
		{"sleep 60", "sleeps"},
		{"sleep 60 & (sleep 60 & sleep 60) & sleep 60",
			"sleeps with children"},
		{"trap '' HUP INT TERM PIPE; while :; do sleep 60; done",
			"is deaf"},
		{"trap '' HUP INT TERM PIPE; sleep 60 & " READ "sleep 60",
			"reads what there is, is deaf, has children"},
	};
	static const char *const ways[] = {"abandoned",
		"abandoned after the commit", "over time", "killed"};
	char what[120];

	for (enum way way = WAY_ABANDON; way <= WAY_KILL; way++)
		for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
			snprintf(what, sizeof what, "%s: %s", ways[way],
				scripts[i].what);
			test_end(way, scripts[i].script, what);
		}
}

/* The program sees the end of both pipes, and not an octet of envelope. */
static void
test_no_envelope(void)
{
	static const char script[] = "cat >/dev/null; cat <&1 >seen; exit 0";
	struct queue q;
	char got[8];
	int fd;

	if (!ok(start_program(&q, program(script, 0755), 6, &fd) == 0,
		    "abandoned, and reads on"))
		return;
	write_message(&q, fd, "x", 1);
	queue_abandon(&q);
	q.deadline += LATE_MS; /* however slow the machine is */
	close(fd);
	ok(finish(&q) == 0 && WIFEXITED(q.wait_status) &&
			WEXITSTATUS(q.wait_status) == 0 && q.incomplete,
		"abandoned, and reads on: ends by itself, incomplete");
	ok(faccessat(place.fd, "seen", F_OK, 0) == 0 &&
			contents("seen", got, sizeof got) == 0,
		"abandoned, and reads on: not an octet of envelope");
	scratch_remove(&place, "seen");
	if (!ok(start_program(&q, program(script, 0755), 6, &fd) == 0,
		    "without an envelope"))
		return;
	close(fd);
	queue_commit(&q, SLICE_NONE, clock_ms() + LATE_MS);
	ok(finish(&q) == 0 && q.incomplete && !q.timed_out,
		"without an envelope: incomplete");
	ok(faccessat(place.fd, "seen", F_OK, 0) == 0 &&
			contents("seen", got, sizeof got) == 0,
		"without an envelope: not an octet of it");
}

/* What is ignored or blocked here is not in the program. */
static void
test_signals(void)
{
	static const int numbers[] = {SIGINT, SIGPIPE, SIGTERM, SIGUSR1};
	sigset_t blocked, before;

	sigemptyset(&blocked);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		char script[80], what[80];
		struct queue q;
		int fd;

		signal(numbers[i], SIG_IGN);
		sigaddset(&blocked, numbers[i]);
		sigprocmask(SIG_BLOCK, &blocked, &before);
		snprintf(script, sizeof script, READ "kill -%d $$; sleep 1",
			numbers[i]);
		snprintf(what, sizeof what, "signal %d is the default one",
			numbers[i]);
		ok(start_program(&q, program(script, 0755), 6, &fd) == 0, what);
		sigprocmask(SIG_SETMASK, &before, NULL);
		signal(numbers[i], numbers[i] == SIGPIPE ? SIG_IGN : SIG_DFL);
		close(fd);
		queue_commit(&q, (struct slice){envelope, sizeof envelope},
			clock_ms() + LATE_MS);
		ok(finish(&q) == 0 && WIFSIGNALED(q.wait_status) &&
				WTERMSIG(q.wait_status) == numbers[i],
			what);
	}
}

/* Nothing here waits, whatever the program does. */
static void
test_never_blocks(void)
{
	struct pollfd fds[QUEUE_POLL_MAX];
	struct queue q;
	size_t total = 0;
	ssize_t n;
	int fd;

	queue_init(&q);
	ok(queue_poll(&q, fds) == 0 && !queue_advance(&q), "idle");
	overdue(&q);
	ok(q.state == QUEUE_IDLE, "idle: nothing to kill");
	if (!ok(start_program(&q, program("sleep 60", 0755), 6, &fd) == 0,
		    "a program that does not read"))
		return;
	ok(getpgid(q.pid) == q.pid, "it leads a process group");
	while ((n = write(fd, large, sizeof large)) > 0)
		total += (size_t)n;
	ok(n == -1 && errno == EAGAIN && total > 0, "the pipe is non-blocking");
	ok(queue_poll(&q, fds) == 2, "two descriptors to wait for");
	close(fd);
	int64_t start = clock_ms();

	queue_commit(&q, (struct slice){large, LARGE}, clock_ms() + LATE_MS);
	ok(!queue_advance(&q) && clock_ms() - start < 1000,
		"an envelope that is not taken");
	ok(queue_poll(&q, fds) == 3 && (fds[2].events & POLLOUT) != 0,
		"three descriptors to wait for, one to write");
	ok(q.envelope.len > 0 && q.envelope.len < LARGE,
		"a part of it is in the pipe");
	overdue(&q);
	ok(q.state == QUEUE_IDLE && q.incomplete, "killed");
}

int
main(void)
{
	/* As in smtpd-auth: a write tells by its result. */
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof large; i++)
		large[i] = (char)(i * 7 % 251);
	scratch_make(&place);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		test_row(&rows[i]);
	test_octets();
	test_error_fd();
	test_long_words();
	test_unusable();
	test_ends();
	test_no_envelope();
	test_signals();
	test_never_blocks();
	scratch_end(&place);
	return tap_done();
}
