/*
 * Unit test of the keeper: until when a session may stay in a state, and its
 * end when it stays longer or does what it may not. The keeper is a child of
 * this program, and its session one that somebody has taken over.
 */
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "keeper/deadline.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#define PATIENCE_MS 60000 /* for what comes in a moment, or in ten seconds */

static struct scratch scratch;
static struct config config;
static struct keeper k;
static struct channel_message m;

/* ------------------------------------------------------ the deadlines --- */

#define LATE 10000

static void
state(const char *login, bool required, uint64_t databytes)
{
	memset(&k, 0, sizeof k);
	config = (struct config){.timeoutsmtpd = 300,
		.require_auth = required,
		.databytes = databytes};
	k.config = &config;
	k.channel.start = 1000;
	k.channel.since = 5000;
	k.login.state = login[0] == '\0' ? LOGIN_NONE : LOGIN_DONE;
}

static int64_t
message(uint64_t databytes)
{
	state("joe", true, databytes);
	k.mail.state = MAIL_OPEN;
	return keeper_deadline(&k) - k.channel.since - LATE;
}

static void
test_deadlines(void)
{
	state("", false, 0);
	ok(keeper_deadline(&k) == 5000 + 300 * 100 * 1000 + LATE,
		"idle: a hundred commands, each at the last moment");
	k.tls.handshake = true;
	ok(keeper_deadline(&k) == 5000 + 30000 + LATE, "a handshake: 30 s");
	state("", true, 0);
	ok(keeper_deadline(&k) == 1000 + 120000 + LATE,
		"a login is required: 120 s from the beginning");
	k.tls.handshake = true;
	ok(keeper_deadline(&k) == 5000 + 30000 + LATE,
		"... and a handshake within them 30 s");
	k.channel.since = 110000;
	ok(keeper_deadline(&k) == 1000 + 120000 + LATE, "... and no longer");
	k.tls.handshake = false;
	k.channel.answered = 500000;
	ok(keeper_deadline(&k) == 500000 + LATE,
		"after a late answer there is time for its reply");
	k.channel.pending = ASK_AUTH;
	ok(keeper_deadline(&k) == CLOCK_NEVER, "who waits for us is not late");
	state("joe", true, 0);
	ok(keeper_deadline(&k) == 5000 + 300 * 100 * 1000 + LATE,
		"logged in: idle");
	state("", true, 0);
	config.relayclient_set = true;
	ok(keeper_deadline(&k) == 5000 + 300 * 100 * 1000 + LATE,
		"RELAYCLIENT: idle");
	ok(message(1) == 60010, "a message of an octet: a minute");
	ok(message(1000000) == 60000 + 10000000,
		"a million octets: a second for each hundred");
	ok(message(1434000) == 4 * 3600 * 1000, "... to four hours");
	ok(message(1434001) == 4 * 3600 * 1000, "... and no more");
	ok(message(UINT64_MAX) == 4 * 3600 * 1000, "... whatever databytes");
	ok(message(0) == 4 * 3600 * 1000, "no databytes: four hours");
}

/* ------------------------------------------------------------ the end --- */

struct family {
	pid_t keeper;
	int life; /* at its end when the session is gone */
};

static _Noreturn void
be_keeper(int channel, pid_t session, int timeout)
{
	char path[300];
	struct buffer program = BUFFER_OVER(path);

	memset(&k, 0, sizeof k);
	buffer_add_text(&program, scratch.path);
	buffer_add_text(&program, "/queue");
	scratch_must(dup2(openat(scratch.fd, "log",
				  O_WRONLY | O_CREAT | O_TRUNC, 0644),
			     STDERR_FILENO) != -1,
		"log");
	config = (struct config){.me = slice_of("mx.example.org"),
		.queue_program = buffer_slice(&program),
		.error_fd = 6,
		.timeoutsmtpd = (uint32_t)timeout,
		.timeoutqueue = 600,
		.relayclient_set = true,
		.trace = true, /* chatter() */
		.morercpthosts_fd = -1};
	log_open(&k.log, "smtpd-auth", "unknown", false);
	k.config = &config;
	k.backend.users_fd = k.tls.clientca_fd = -1;
	k.tls.signer.certificate_fd = k.tls.signer.key_fd = -1;
	k.channel.fd = channel;
	k.channel.session = session;
	k.channel.start = clock_ms();
	_exit(keeper_run(&k));
}

static void
start(struct family *f, void (*be_session)(int channel), int timeout)
{
	int channel[2], life[2];

	fflush(stdout);
	scratch_must(channel_pair(channel) == 0, "channel");
	scratch_must(pipe2(life, O_CLOEXEC) == 0, "pipe");
	f->keeper = fork();
	scratch_must(f->keeper != -1, "fork");
	if (f->keeper == 0) {
		pid_t session = fork();

		scratch_must(session != -1, "fork");
		if (session == 0) {
			close(channel[0]);
			be_session(channel[1]);
			for (;;) /* it does not go by itself */
				pause();
		}
		close(life[1]);
		close(channel[1]);
		be_keeper(channel[0], session, timeout);
	}
	close(channel[0]);
	close(channel[1]);
	close(life[1]);
	f->life = life[0];
}

static bool
session_ends(const struct family *f)
{
	struct pollfd life = {.fd = f->life};

	return poll(&life, 1, PATIENCE_MS) == 1;
}

static int
keeper_ends(struct family *f)
{
	int status = 0;

	close(f->life);
	if (waitpid(f->keeper, &status, 0) != f->keeper)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool
logged(const char *text)
{
	static char log[1 << 20];
	int fd = openat(scratch.fd, "log", O_RDONLY);
	ssize_t n = read(fd, log, sizeof log - 1);

	close(fd);
	log[n < 0 ? 0 : n] = '\0';
	if (strstr(log, text) != NULL)
		return true;
	printf("# not in the log: %s\n# %s\n", text, log);
	return false;
}

/* Says without an end what costs nothing and has no answer. */
static void
chatter(int channel)
{
	channel_start(&m, TELL_TRACE, TRACE_FROM);
	(void)channel_add(&m, "x", 1);
	while (channel_send(channel, &m) == 0)
		(void)poll(NULL, 0, 5);
}

static void
open_message(int channel)
{
	struct channel_open open = {.flags = OPEN_ESMTP};
	int fd;

	channel_start(&m, ASK_OPEN, 0);
	(void)channel_add(&m, &open, sizeof open);
	(void)channel_add(&m, "Fa@b\0Tc@d\0", 10);
	scratch_must(channel_send(channel, &m) == 0, "ASK_OPEN");
	scratch_must(channel_receive_fd(channel, &m, &fd) == 1, "its answer");
	scratch_must(m.code == VERDICT_OK && fd != -1, "the message pipe");
	close(fd);
}

static void
commit(int channel)
{
	struct channel_commit request = {0};

	open_message(channel);
	channel_start(&m, ASK_COMMIT, 0);
	(void)channel_add(&m, &request, sizeof request);
	scratch_must(channel_send(channel, &m) == 0, "ASK_COMMIT");
}

static void
commit_and_attack(int channel)
{
	commit(channel);
	channel_start(&m, CHANNEL_TYPES, 0);
	(void)channel_send(channel, &m);
}

static void
commit_and_hang_up(int channel)
{
	commit(channel);
	close(channel);
}

static void
test_overdue(void)
{
	struct family f;

	start(&f, chatter, 0);
	ok(session_ends(&f), "over its deadline, and talking: killed");
	ok(keeper_ends(&f) == 111,
		"... the exit status says that all is not well");
	ok(logged("reason=overdue\n"), "... reason=overdue");
}

/* The queue program has all, and waits for a word of ours. */
static void
test_commit(
	void (*be_session)(int), const char *end, int code, const char *what)
{
	struct family f;
	int go;

	scratch_remove(&scratch, "go");
	scratch_must(mkfifoat(scratch.fd, "go", 0666) == 0, "fifo");
	go = openat(scratch.fd, "go", O_RDWR | O_CLOEXEC);
	scratch_must(go != -1, "fifo");
	start(&f, be_session, 300);
	ok(session_ends(&f), what);
	ok(waitpid(f.keeper, NULL, WNOHANG) == 0,
		"... and the queue program is still waited for");
	scratch_must(write(go, "x\n", 2) == 2, "fifo");
	ok(keeper_ends(&f) == code, "... then the keeper ends");
	ok(logged("message ok "), "... what was queued is logged");
	ok(logged(end), "... and what has ended it");
	close(go);
}

int
main(void)
{
	char script[400];

	signal(SIGPIPE, SIG_IGN);
	scratch_make(&scratch);
	(void)snprintf(script, sizeof script,
		"#!/bin/sh\ncat >/dev/null; cat <&1 >/dev/null\n"
		"read word <%s/go\n",
		scratch.path);
	scratch_text(&scratch, "queue", script);
	scratch_must(fchmodat(scratch.fd, "queue", 0755, 0) == 0, "queue");
	test_deadlines();
	test_commit(commit_and_attack, "reason=channel\n", 111,
		"an attack while a commit is pending: killed at once");
	test_commit(commit_and_hang_up, "reason=session-died\n", 0,
		"no channel any more, and no exit: killed soon");
	test_overdue();
	scratch_end(&scratch);
	return tap_done();
}
