/*
 * child - see child.h. Run by main, the keeper, the authenticator that asks a
 * program, the watcher of a limithook, queue-sendmail, smtpd-passwd,
 * smtpd-check and smtpd-auth-conf.
 */
#include "lib/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/signals.h"

#define LOOK_MS 20     /* between two looks, where there is no pidfd */
#define STACK_LEN 3072 /* become_program() and what it calls need a tenth */

struct start {
	const struct child_program *program;
	int failed;
};

/* In the child, on its parent's memory: nothing but system calls. */
static void
become_program(const struct child_program *program)
{
	setpgid(0, 0);
	signals_default();
	for (size_t i = 0; i < program->fds_count; i++) {
		const struct child_fd *fd = &program->fds[i];

		if (fd->ours == fd->theirs) /* dup2 would leave the flag */
			fcntl(fd->ours, F_SETFD, 0);
		if (dup2(fd->ours, fd->theirs) == -1)
			return;
	}
	if (program->close_from != 0)
		jail_close_from(program->close_from);
	execve(program->path, program->arguments, program->environment);
}

/* become_program() returns only when a call has failed. */
static int
child_main(void *argument)
{
	struct start *start = argument;

	become_program(start->program);
	start->failed = errno;
	_exit(127);
}

/*
 * What vfork() does: the child borrows our memory until it execs, where fork
 * would copy its tables, and posix_spawn allocates. Not by that name: musl's
 * is a fork() on arm64 and riscv64, and then nothing tells us of a failure.
 * No handler may run on our memory meanwhile.
 */
int
child_spawn(pid_t *pid, const struct child_program *program)
{
	alignas(16) char stack[STACK_LEN];
	struct start start = {.program = program};
	uint64_t signals = signals_block();
	pid_t child = clone(child_main, stack + sizeof stack,
		CLONE_VM | CLONE_VFORK | SIGCHLD, &start);

	if (child == -1)
		start.failed = errno;
	signals_restore(signals);
	if (start.failed == 0)
		*pid = child;
	else if (child != -1)
		(void)child_wait(child, NULL, CLOCK_NEVER);
	return start.failed;
}

/* Is it in this directory of PATH? An empty one is where we are. */
static bool
is_in(struct buffer *path, struct slice directory, const char *name)
{
	buffer_add_slice(path, directory);
	if (directory.len > 0)
		buffer_add_char(path, '/');
	buffer_add_text(path, name);
	if (buffer_string(path) == NULL) {
		errno = ENAMETOOLONG;
		return false;
	}
	path->len--; /* without the NUL */
	return access(path->data, X_OK) == 0;
}

int
child_find(struct buffer *path, const char *name)
{
	const char *directories = getenv("PATH");
	struct slice rest =
		slice_of(directories == NULL ? "/usr/local/bin:/bin:/usr/bin"
					     : directories);
	struct buffer start = *path;
	int failed = ENOENT;

	if (name[0] == '\0')
		rest = slice_of(NULL);
	if (strchr(name, '/') != NULL)
		rest = slice_of("");
	while (rest.data != NULL) {
		*path = start;
		if (is_in(path, slice_split(&rest, ':'), name))
			return 0;
		if (errno != ENOENT && errno != ENOTDIR)
			failed = errno; /* it is there, and not for us */
	}
	errno = failed;
	return -1;
}

int
child_open(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

static pid_t
reap(pid_t pid, int *status, int flags)
{
	pid_t reaped;

	do
		reaped = waitpid(pid, status, flags);
	while (reaped == -1 && errno == EINTR);
	return reaped;
}

pid_t
child_wait(pid_t pid, int *status, int64_t ms)
{
	if (ms == CLOCK_NEVER)
		return reap(pid, status, 0);
	pid_t reaped = reap(pid, status, WNOHANG);

	if (reaped != 0 || ms == 0)
		return reaped;
	int64_t deadline = clock_ms() + ms;
	struct pollfd ended = {.fd = child_open(pid), .events = POLLIN};

	/* Without a descriptor it is looked at again and again. */
	do {
		(void)clock_poll(&ended, 1,
			ended.fd == -1 ? clock_ms() + LOOK_MS : deadline);
		reaped = reap(pid, status, WNOHANG);
	} while (reaped == 0 && ended.fd == -1 && clock_ms() < deadline);
	if (ended.fd != -1)
		close(ended.fd);
	return reaped;
}

bool
child_left_over(int read_fd)
{
	struct pollfd octets = {.fd = read_fd, .events = POLLIN};
	int ready, unread = 0;

	do
		ready = poll(&octets, 1, 0);
	while (ready == -1 && errno == EINTR);
	if (ready != -1)
		return octets.revents & POLLIN;
	/* The other way to ask: a wrong yes would have mail sent twice. */
	return read_fd != -1 &&
	       (ioctl(read_fd, FIONREAD, &unread) == -1 || unread > 0);
}

void
child_kill(pid_t pid)
{
	if (pid <= 0)
		return; /* to kill() that would be everybody */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL); /* should it not have its group yet */
}

void
child_kill_jailed(pid_t pid, bool isolate, enum jail_rights rights)
{
	if (isolate)
		(void)jail_raise(rights);
	kill(pid, SIGKILL);
	if (isolate)
		(void)jail_lower(rights);
	(void)child_wait(pid, NULL, CLOCK_NEVER);
}
