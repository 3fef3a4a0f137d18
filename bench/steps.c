/*
 * steps - what each step of a connection costs by itself on this machine, in
 * microseconds: the least of many rounds, so without anybody else's work and
 * with warm caches. As root, on one CPU: steps SINK EMPTY-DIRECTORY
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/filter.h"
#include "lib/fork.h"
#include "lib/jail.h"
#include "session/session_jail.h"

#define ROUNDS 25
#define TURNS 200
#define PAGE 4096

static const char *sink, *empty;

static _Noreturn void
die(const char *what)
{
	perror(what);
	exit(111);
}

static void
must(bool good, const char *what)
{
	if (!good)
		die(what);
}

/* -------------------------------------------------- in a child of a fork ---
 */

static void
do_nothing(void)
{
}

static void
do_chroot(void)
{
	must(chroot(empty) == 0 && chdir("/") == 0, "chroot");
}

static void
do_identity(void)
{
	uid_t id = JAIL_BASE + (uid_t)getpid();

	must(jail_identity(id, id) == 0 && jail_lower(JAIL_RIGHTS_NONE) == 0,
		"identity");
}

static void
do_landlock(void)
{
	struct landlock_ruleset_attr rules = {.handled_access_fs = 0x1fff};
	int fd = (int)syscall(
		SYS_landlock_create_ruleset, &rules, sizeof rules, 0);

	must(fd != -1 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
			syscall(SYS_landlock_restrict_self, fd, 0) == 0,
		"landlock");
	close(fd);
}

static void
do_limits(void)
{
	struct rlimit none = {0, 0};

	must(setrlimit(RLIMIT_CORE, &none) == 0 &&
			setrlimit(RLIMIT_NPROC, &none) == 0 &&
			setrlimit(RLIMIT_NOFILE, &none) == 0 &&
			prctl(PR_SET_DUMPABLE, 0) == 0,
		"limits");
}

static void
do_filter(void)
{
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
			filter_install(&session_calls) == 0,
		"filter");
}

/* Ten pages that the parent has written to: each is copied. */
static char pages[10 * PAGE];

static void
do_copies(void)
{
	for (size_t i = 0; i < sizeof pages; i += PAGE)
		pages[i]++;
}

static void
fork_and(void (*step)(void))
{
	pid_t pid = fork_child();

	if (pid == 0) {
		step();
		syscall(SYS_exit_group, 0);
	}
	must(pid != -1 && waitpid(pid, NULL, 0) == pid, "fork");
}

/* ------------------------------------------------------- in one process --- */

static void
run_sink(bool execute)
{
	pid_t pid = vfork();

	if (pid == 0) {
		if (execute)
			execl(sink, sink, (char *)NULL);
		_exit(0);
	}
	must(pid != -1 && waitpid(pid, NULL, 0) == pid, "vfork");
}

static void
make_vfork(void)
{
	run_sink(false);
}

static void
make_exec(void)
{
	run_sink(true);
}

static void
make_pair(void)
{
	int fds[2];

	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, "socketpair");
	close(fds[0]);
	close(fds[1]);
}

static void
make_pipe(void)
{
	int fds[2];

	must(pipe(fds) == 0, "pipe");
	close(fds[0]);
	close(fds[1]);
}

static void
make_pidfd(void)
{
	close((int)syscall(SYS_pidfd_open, getpid(), 0));
}

static void
make_file(void)
{
	char text[64];
	int fd = open("/etc/hostname", O_RDONLY | O_NONBLOCK | O_NOCTTY);

	must(fd != -1 && read(fd, text, sizeof text) > 0, "/etc/hostname");
	close(fd);
}

static void
make_absent(void)
{
	must(open("/etc/hostname.absent", O_RDONLY) == -1, "absent");
}

static void
make_call(void)
{
	(void)syscall(SYS_getpid);
}

/* A packet to another process and back: two turns of the scheduler. */
static int echo[2];
static bool polls;

static void
answer(int fd)
{
	char octet;

	for (;;) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};

		if (polls)
			poll(&ready, 1, 10000);
		if (read(fd, &octet, 1) != 1)
			_exit(0);
		must(write(fd, &octet, 1) == 1, "answer");
	}
}

static void
make_trip(void)
{
	char octet = 'x';
	struct pollfd ready = {.fd = echo[0], .events = POLLIN};

	must(write(echo[0], &octet, 1) == 1, "trip");
	if (polls)
		poll(&ready, 1, 10000);
	must(read(echo[0], &octet, 1) == 1, "trip");
}

/* ------------------------------------------------------------------------ */

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
keep_least(double *least, double started)
{
	double each = (now() - started) / TURNS;

	if (*least == 0 || each < *least)
		*least = each;
}

static const struct {
	const char *what;
	void (*step)(void);
	bool forks; /* in a child; what the fork costs is taken off */
} steps[] = {
	{"fork, exit, wait", do_nothing, true},
	{"... chroot, chdir", do_chroot, true},
	{"... groups, gid, uid, capabilities", do_identity, true},
	{"... no_new_privs, Landlock", do_landlock, true},
	{"... three limits, not dumpable", do_limits, true},
	{"... no_new_privs, the session's filter", do_filter, true},
	{"... ten pages copied", do_copies, true},
	{"vfork, exit, wait", make_vfork, false},
	{"vfork, exec of the sink, exit, wait", make_exec, false},
	{"socket pair, made and closed", make_pair, false},
	{"pipe, made and closed", make_pipe, false},
	{"pidfd, made and closed", make_pidfd, false},
	{"open, read, close of a file", make_file, false},
	{"open of a file that is not there", make_absent, false},
	{"a system call that does nothing", make_call, false},
	{"a packet there and back, read", make_trip, false},
	{"a packet there and back, poll and read", make_trip, false},
};

#define STEPS (sizeof steps / sizeof *steps)

static void
start_echo(bool with_poll)
{
	polls = with_poll;
	must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, echo) == 0, "socketpair");
	if (fork_child() == 0) {
		close(echo[0]);
		answer(echo[1]);
	}
	close(echo[1]);
}

static void
measure(size_t i, double *least)
{
	if (steps[i].step == make_trip)
		start_echo(i == STEPS - 1);
	double started = now();

	for (int turn = 0; turn < TURNS; turn++)
		if (steps[i].forks)
			fork_and(steps[i].step);
		else
			steps[i].step();
	keep_least(least, started);
	if (steps[i].step == make_trip) {
		close(echo[0]);
		wait(NULL);
	}
}

int
main(int argc, char **argv)
{
	double least[STEPS] = {0};
	int null = open("/dev/null", O_RDWR);

	if (argc != 3)
		return 100;
	sink = argv[1];
	empty = argv[2];
	/* The sink finds its end at once; our output is kept. */
	int out = dup(1);

	must(null != -1 && out != -1 && dup2(null, 0) == 0 &&
			dup2(null, 1) == 1,
		"descriptors");
	for (size_t i = 0; i < sizeof pages; i += PAGE)
		pages[i] = 1;
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < STEPS; i++)
			measure(i, &least[i]);
	for (size_t i = 0; i < STEPS; i++)
		dprintf(out, "%.1f %s\n",
			least[i] - (steps[i].forks && i > 0 ? least[0] : 0),
			steps[i].what);
	return 0;
}
