/*
 * checkpassword - the kind of authenticator that asks a program, as the AUTH
 * patches for qmail-smtpd do: login NUL secret NUL challenge NUL on its
 * descriptor 3, and its exit status is the verdict (checkpassword(8)).
 * Run by the authenticator.
 *
 * Two processes: a jailed one, the collector, does the SASL dialogue with the
 * mechanisms of sasl/, and cannot say more than whom to check by what. This one
 * parses nothing but that, runs as the account without a jail (the program is
 * setuid, as with qmail's patches), and waits for the program. What the two say
 * to each other never reaches the keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/kind.h"
#include "auth/word.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/fork.h"

#define KEEPER_FD 3
#define PROGRAM_FD 3	   /* where the program reads */
#define RECORD_MAX 512	   /* octets that a checkpassword program reads */
#define KILLED_WAIT_MS 200 /* for one that is killed to be gone */
#define PARTING_MS 1000	   /* from the collector's last word to its exit */

/* An AUTHENTICATOR_COLLECTOR; we are its keeper. */
struct collector {
	pid_t pid;
	int fd;
};

struct program {
	pid_t pid;
	int pidfd;
	int unread; /* our copy of its descriptor 3 */
};

/* Descriptors 0 and 1 are /dev/null, 2 is the log, and no other stays. */
static void
keep_descriptors(int fd)
{
	if (dup2(fd, KEEPER_FD) == -1)
		_exit(1);
	jail_close_from(KEEPER_FD + 1);
}

/* ----------------------------------------------------- the collector --- */

static int
collector_start(struct collector *c, const struct authenticator_setup *setup)
{
	struct authenticator_setup inner = *setup;
	int pair[2];

	inner.kind = AUTHENTICATOR_COLLECTOR;
	inner.users_fd = -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		return -1;
	c->fd = pair[0];
	c->pid = fork_child();
	if (c->pid == 0)
		authenticator_run(pair[1], &inner);
	close(pair[1]);
	return c->pid == -1 ? -1 : 0;
}

/* ms: how long its exit is waited for, before it is killed. */
static void
collector_stop(struct collector *c, const struct jail *jail, int64_t ms)
{
	close(c->fd);
	if (child_wait(c->pid, NULL, ms) != c->pid)
		child_kill_jailed(c->pid, jail->isolate, JAIL_RIGHTS_MAKE);
}

/* Waits for the collector. Returns -1 when the keeper is gone meanwhile. */
static int
collector_wait(const struct collector *c)
{
	struct pollfd fds[] = {
		{.fd = KEEPER_FD}, {.fd = c->fd, .events = POLLIN}};

	if (clock_poll(fds, 2, clock_ms() + AUTHENTICATOR_TIMEOUT_MS) <= 0)
		return 0; /* reading will tell */
	return fds[0].revents != 0 ? -1 : 0;
}

/*
 * Hands responses in and challenges out until the dialogue is over. Returns
 * -1 when the keeper cancelled it or is gone.
 */
static int
collect(const struct collector *c, struct word *word)
{
	static struct word_response response;
	struct slice text;

	do {
		if (word_await(KEEPER_FD, &response, &text) == -1)
			return -1;
		int sent = word_ask(c->fd, text);

		word_wipe(&response);
		if (sent != -1 && collector_wait(c) == -1)
			return -1;
		if (sent == -1 || word_hear(c->fd, word) == -1) {
			*word = (struct word){.result = 0};
			word_temporary(word,
				sent == 0   ? "the collector died"
				: sent == 1 ? "the collector is gone"
					    : "the collector cannot be told",
				false);
		}
	} while (word->result == EXCHANGE_CHALLENGE &&
		 word_say(KEEPER_FD, word) == 0);
	return word->result == EXCHANGE_CHALLENGE ? -1 : 0;
}

/*
 * What is to be checked: login NUL secret NUL challenge NUL. Returns 0, or
 * -1 when the collector's word is not of that form; overflow tells of a text
 * that is longer than programs read.
 */
static int
make_record(struct buffer *record, const struct word *word)
{
	struct slice login = {word->login, word->login_len};
	struct slice challenge = {word->body, word->body_len};
	struct slice secret = slice_split(&challenge, '\0');

	if (login.len == 0 || slice_find(login, '\0') != login.len ||
		challenge.data == NULL ||
		slice_find(challenge, '\0') != challenge.len)
		return -1;
	buffer_add_slice(record, login);
	buffer_add_char(record, '\0');
	buffer_add_slice(record, secret);
	buffer_add_char(record, '\0');
	buffer_add_slice(record, challenge);
	buffer_add_char(record, '\0');
	return 0;
}

/* ------------------------------------------------------- the program --- */

/* Returns 0, or an errno. */
static int
spawn(struct program *p, char *const *program)
{
	char text[PATH_MAX];
	struct buffer path = BUFFER_OVER(text);
	const struct child_fd fd = {p->unread, PROGRAM_FD};

	if (child_find(&path, program[0]) == -1)
		return errno;
	return child_spawn(&p->pid, &(struct child_program){.path = text,
					    .arguments = program,
					    .environment = environ,
					    .fds = &fd,
					    .fds_count = 1,
					    .close_from = PROGRAM_FD + 1});
}

/* As spawn(), with the record on its descriptor 3. */
static int
start(struct program *p, char *const *program, struct slice record)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return errno;
	p->unread = fds[0];
	/* A pipe takes so much at once. */
	bool written =
		write(fds[1], record.data, record.len) == (ssize_t)record.len;

	close(fds[1]);
	if (!written)
		return EIO;
	int failed = spawn(p, program);

	if (failed != 0)
		return failed;
	p->pidfd = child_open(p->pid);
	if (p->pidfd != -1)
		return 0;
	failed = errno;
	child_kill(p->pid);
	return failed;
}

/*
 * The keeper has waited long enough, or is gone itself. A program that has
 * become another user can be killed only where we were started as root.
 */
static _Noreturn void
end_program(const struct program *p, const struct jail *jail)
{
	if (jail->isolate)
		(void)jail_raise(JAIL_RIGHTS_KILL);
	child_kill(p->pid);
	(void)child_wait(p->pid, NULL, KILLED_WAIT_MS);
	_exit(0);
}

/* The program's wait status; the keeper's patience is the deadline. */
static int
wait_for_program(const struct program *p, const struct jail *jail)
{
	struct pollfd fds[] = {
		{.fd = KEEPER_FD}, {.fd = p->pidfd, .events = POLLIN}};
	int status;

	if (clock_poll(fds, 2, CLOCK_NEVER) == -1 || fds[1].revents == 0)
		end_program(p, jail);
	return child_wait(p->pid, &status, CLOCK_NEVER) == -1 ? -1 : status;
}

/* "exit 111": for the log. */
static void
temporary_number(struct word *word, const char *what, int number)
{
	char text[24];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, what);
	buffer_add_number(&b, (uint64_t)number);
	word_temporary(word, buffer_string(&b), false);
}

/* 0 from a program that did not even look lets nobody in: /bin/true. */
static void
judge(struct word *word, const struct program *p, int status)
{
	if (!WIFEXITED(status)) {
		temporary_number(word, "signal ", WTERMSIG(status));
	} else if (WEXITSTATUS(status) == 1) {
		word->result = EXCHANGE_FAIL;
		word_put(word->reason, sizeof word->reason, "password");
	} else if (WEXITSTATUS(status) != 0) {
		temporary_number(word, "exit ", WEXITSTATUS(status));
	} else if (child_left_over(p->unread)) {
		word_temporary(word, "descriptor 3 not read", false);
	} else {
		word->result = EXCHANGE_OK;
	}
}

static void
run_program(struct word *word, const struct authenticator_setup *setup,
	struct slice record)
{
	struct program p = {-1, -1, -1};
	int failed = start(&p, setup->program, record);

	explicit_bzero((char *)(uintptr_t)record.data, record.len);
	if (failed != 0) {
		word_temporary(word, strerror(failed), true);
		return;
	}
	judge(word, &p, wait_for_program(&p, &setup->jail));
}

/* The collector said whom to check: now it becomes a verdict. */
static void
check(struct word *word, const struct authenticator_setup *setup)
{
	char text[RECORD_MAX];
	struct buffer record = BUFFER_OVER(text);

	if (make_record(&record, word) == -1) {
		word->login_len = 0;
		word_temporary(word, "no login from the collector", false);
	} else if (record.overflow) {
		word->result = EXCHANGE_FAIL;
		word_put(word->reason, sizeof word->reason, "password");
	} else {
		word_name(KEEPER_FD,
			(struct slice){word->login, word->login_len});
		run_program(word, setup, buffer_slice(&record));
	}
	explicit_bzero(text, sizeof text);
}

_Noreturn void
checkpassword_run(int fd, const struct authenticator_setup *setup)
{
	static struct word word;
	struct collector collector;

	keep_descriptors(fd);
	if (collector_start(&collector, setup) == -1)
		_exit(1); /* the keeper finds out */
	int result = collect(&collector, &word);

	/* After its last word the collector ends by itself. */
	collector_stop(&collector, &setup->jail, result == 0 ? PARTING_MS : 0);
	/* No other collector is needed; a program may have to be killed. */
	if (setup->jail.isolate)
		(void)jail_lower(JAIL_RIGHTS_KILL);
	if (result == -1)
		_exit(0);
	if (word.result == EXCHANGE_COLLECTED)
		check(&word, setup);
	explicit_bzero(word.body, word.body_len);
	word.body_len = 0;
	word_say(KEEPER_FD, &word);
	_exit(0);
}
