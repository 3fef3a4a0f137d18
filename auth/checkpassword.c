/*
 * checkpassword - the kind of authenticator that asks a program, as the AUTH
 * patches for qmail-smtpd do: login NUL secret NUL challenge NUL on its
 * descriptor 3, and its exit status is the verdict (checkpassword(8)).
 *
 * Two processes: a jailed one, the collector, does the SASL dialogue with the
 * mechanisms of this directory, and cannot say more than whom to check by
 * what. This one parses nothing but that, runs as the account without a jail
 * (the program is setuid, as with qmail's patches), and waits for the
 * program. What one says to the other never reaches the keeper.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/kind.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/memory.h"

#define KEEPER_FD 3
#define PROGRAM_FD 3	   /* where the program reads */
#define RECORD_MAX 512	   /* octets that a checkpassword program reads */
#define KILLED_WAIT_MS 200 /* for one that is killed to be gone */

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

/* Waits for the collector. Returns -1 when the keeper is gone meanwhile. */
static int
wait_for_collector(const struct authenticator *collector)
{
	struct pollfd fds[] = {
		{.fd = KEEPER_FD}, {.fd = collector->fd, .events = POLLIN}};

	if (clock_poll(fds, 2, collector->deadline) <= 0)
		return 0; /* reading will tell */
	return fds[0].revents != 0 ? -1 : 0;
}

/*
 * Hands responses in and challenges out until the dialogue is over. Returns
 * -1 when the keeper cancelled it or is gone.
 */
static int
collect(struct authenticator *collector, struct verdict_packet *packet)
{
	static UNTOUCHED struct kind_response response;
	struct slice text;

	do {
		if (kind_receive(KEEPER_FD, &response, &text) == -1)
			return -1;
		int sent = authenticator_step(collector, text, clock_ms());

		kind_wipe(&response);
		/* If it is gone, its last word may be there to read. */
		if (wait_for_collector(collector) == -1)
			return -1;
		if (authenticator_read(collector, packet) == -1) {
			*packet = (struct verdict_packet){.result = 0};
			kind_temporary(packet,
				sent == -1 ? "the collector is gone"
					   : "the collector died",
				false);
		}
	} while (packet->result == EXCHANGE_CHALLENGE &&
		 kind_report(KEEPER_FD, packet) == 0);
	return packet->result == EXCHANGE_CHALLENGE ? -1 : 0;
}

/*
 * What is to be checked: login NUL secret NUL challenge NUL. Returns 0, or
 * -1 when the collector's word is not of that form; overflow tells of a text
 * that is longer than programs read.
 */
static int
make_record(struct buffer *record, const struct verdict_packet *packet)
{
	struct slice login = {packet->login, packet->login_len};
	struct slice challenge = {packet->challenge, packet->challenge_len};
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

/* Its exit status, as of waitpid(); the keeper's patience is the deadline. */
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
temporary_number(struct verdict_packet *packet, const char *what, int number)
{
	char text[24];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, what);
	buffer_add_number(&b, (uint64_t)number);
	kind_temporary(packet, buffer_string(&b), false);
}

/* 0 from a program that did not even look lets nobody in: /bin/true. */
static void
judge(struct verdict_packet *packet, const struct program *p, int status)
{
	int unread = 0;

	if (!WIFEXITED(status)) {
		temporary_number(packet, "signal ", WTERMSIG(status));
	} else if (WEXITSTATUS(status) == 1) {
		packet->result = EXCHANGE_FAIL;
		kind_text(packet->reason, sizeof packet->reason, "password");
	} else if (WEXITSTATUS(status) != 0) {
		temporary_number(packet, "exit ", WEXITSTATUS(status));
	} else if (ioctl(p->unread, FIONREAD, &unread) == -1 || unread > 0) {
		kind_temporary(packet, "descriptor 3 not read", false);
	} else {
		packet->result = EXCHANGE_OK;
	}
}

static void
run_program(struct verdict_packet *packet,
	const struct authenticator_setup *setup, struct slice record)
{
	struct program p = {-1, -1, -1};
	int failed = start(&p, setup->program, record);

	explicit_bzero((char *)(uintptr_t)record.data, record.len);
	if (failed != 0) {
		kind_temporary(packet, strerror(failed), true);
		return;
	}
	judge(packet, &p, wait_for_program(&p, &setup->jail));
}

/* The collector said whom to check: now it becomes a verdict. */
static void
check(struct verdict_packet *packet, const struct authenticator_setup *setup)
{
	char text[RECORD_MAX];
	struct buffer record = BUFFER_OVER(text);

	if (make_record(&record, packet) == -1) {
		packet->login_len = 0;
		kind_temporary(packet, "no login from the collector", false);
	} else if (record.overflow) {
		packet->result = EXCHANGE_FAIL;
		kind_text(packet->reason, sizeof packet->reason, "password");
	} else {
		kind_name(KEEPER_FD,
			(struct slice){packet->login, packet->login_len});
		run_program(packet, setup, buffer_slice(&record));
	}
	explicit_bzero(text, sizeof text);
}

_Noreturn void
checkpassword_run(int fd, const struct authenticator_setup *setup)
{
	static UNTOUCHED struct verdict_packet packet;
	struct authenticator_setup inner = *setup;
	struct authenticator collector;

	keep_descriptors(fd);
	inner.kind = AUTHENTICATOR_COLLECTOR;
	inner.users_fd = -1;
	if (authenticator_start(&collector, &inner) == -1)
		_exit(1); /* the keeper finds out */
	int result = collect(&collector, &packet);

	authenticator_stop(&collector);
	/* No other is needed; a program may have to be killed. */
	if (setup->jail.isolate)
		(void)jail_lower(JAIL_RIGHTS_KILL);
	if (result == -1)
		_exit(0);
	if (packet.result == EXCHANGE_OK)
		check(&packet, setup);
	explicit_bzero(packet.challenge, packet.challenge_len);
	packet.challenge_len = 0;
	kind_report(KEEPER_FD, &packet);
	_exit(0);
}
