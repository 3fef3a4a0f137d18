/*
 * Unit test of lib/jail: session, authenticator and reader, taken over.
 * Each system call there is, one by one, and what somebody would try: all
 * but the few of the list end the process.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>

#include "auth/authenticator_jail.h"
#include "proxy/reader_jail.h"
#include "session/session_jail.h"
#include "tests/jailed.h"
#include "tests/scratch.h"

#define CALLS 600	 /* numbers tried; the newest has about 470 */
#define X32 0x40000000	 /* bit of the x32 calls, on x86-64 */
#define KILLED (-SIGSYS) /* what the filter does */
#define ALLOWED 1000	 /* from here on: the call came back */

/* The list anew, by hand: docs/architecture.md has it in words. */
static const long everybody[] = {SYS_read, SYS_write,
#ifdef SYS_poll
	SYS_poll,
#else
	SYS_ppoll,
#endif
	SYS_clock_gettime, SYS_restart_syscall, SYS_exit_group};
static const long session[] = {
	SYS_writev, SYS_recvmsg, SYS_close, SYS_shutdown};
static const long authenticator[] = {
	SYS_pread64, SYS_brk, SYS_munmap, SYS_mprotect};

static bool
listed(const long *list, size_t count, long number)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == number)
			return true;
	return false;
}

#define LISTED(list, number) listed(list, sizeof(list) / sizeof *(list), number)

static bool
is_allowed(const struct jail *jail, long number)
{
	if (jail->calls == &session_calls && LISTED(session, number))
		return true;
	if (jail->calls == &authenticator_calls &&
		LISTED(authenticator, number))
		return true;
	return LISTED(everybody, number);
}

/*
 * uretprobe and uprobe, which newer kernels let pass whatever a filter says,
 * because they put them into programs themselves. From elsewhere they fail:
 * SIGILL, or an error.
 */
static bool
is_kernels_own(long number, int result)
{
#ifdef __x86_64__
	return (number == 335 && result == -SIGILL) ||
	       (number == 336 && result > ALLOWED);
#else
	(void)number;
	(void)result;
	return false;
#endif
}

/* ppoll() without a time would wait for ever. */
static int
call(long number)
{
	static const struct timespec at_once;
	const void *third = number == SYS_ppoll ? &at_once : NULL;

	return syscall(number, 0, 0, third, 0, 0, 0) == -1 ? errno : 0;
}

/* Every number, with arguments of zeros; mmap of a file among them. */
static void
every_call(const struct jail *jail, const char *who)
{
	char what[120];
	int wrong = 0, allowed = 0;

	for (long number = 0; number < CALLS; number++) {
		bool good = is_allowed(jail, number);
		int got = jailed(jail, call, number);

		if (is_kernels_own(number, got))
			continue;
		allowed += got >= ALLOWED;
		if (good ? got >= ALLOWED : got == KILLED)
			continue;
		wrong++;
		printf("# %s: system call %ld: %s\n", who, number,
			jailed_shown(got));
	}
	snprintf(what, sizeof what, "%s: of %d system calls, %d come back", who,
		CALLS, allowed);
	ok(wrong == 0 && allowed > 5, what);
#ifdef __x86_64__
	snprintf(what, sizeof what, "%s: no call by its x32 number", who);
	wrong = 0;
	for (long number = 0; number < CALLS; number++)
		wrong += jailed(jail, call, number | X32) != KILLED;
	ok(wrong == 0, what);
#endif
}

/* ------------------------------------------------------ what is tried --- */

/* What an attempt returns: 0 when it worked, else errno. */
#define TRY(expression) return (expression) == -1 ? errno : 0

static int
open_file(long unused)
{
	(void)unused;
	TRY(open("/etc/passwd", O_RDONLY));
}

static int
open_memory(long unused)
{
	(void)unused;
	TRY(open("/proc/self/mem", O_RDWR));
}

static int
make_file(long unused)
{
	(void)unused;
	TRY(open("/tmp/x", O_WRONLY | O_CREAT, 0600));
}

static int
make_socket(long domain)
{
	TRY(socket((int)domain, SOCK_STREAM, 0));
}

static int
connect_client(long unused)
{
	struct sockaddr_in to = {.sin_family = AF_INET};

	(void)unused;
	TRY(connect(0, (struct sockaddr *)&to, sizeof to));
}

static int
fork_child(long unused)
{
	(void)unused;
	TRY(fork());
}

static int
thread(long unused)
{
	(void)unused;
	TRY(syscall(SYS_clone,
		CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND |
			CLONE_THREAD,
		0, 0, 0, 0));
}

static int
exec_shell(long unused)
{
	char name[] = "sh";
	char *const argv[] = {name, NULL};

	(void)unused;
	TRY(execve("/bin/sh", argv, argv + 1));
}

static int
kill_parent(long unused)
{
	(void)unused;
	TRY(kill(getppid(), SIGKILL));
}

static int
kill_all(long unused)
{
	(void)unused;
	TRY(kill(-1, SIGTERM));
}

static int
trace(long pid)
{
	TRY(ptrace(PTRACE_ATTACH, (pid_t)pid, 0, 0));
}

static int
read_memory(long pid)
{
	TRY(syscall(SYS_process_vm_readv, pid, 0, 0, 0, 0, 0));
}

static int
become_root(long unused)
{
	(void)unused;
	TRY(setuid(0));
}

static int
map_code(long unused)
{
	(void)unused;
	TRY((intptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static char page[8192];

static int
make_code(long unused)
{
	char *start = page + (4096 - (uintptr_t)page % 4096) % 4096;

	(void)unused;
	TRY(mprotect(start, 4096, PROT_READ | PROT_EXEC));
}

static int
map_file(long fd)
{
	TRY((intptr_t)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, (int)fd, 0));
}

static int
map_memory(long unused)
{
	(void)unused;
	TRY((intptr_t)mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static int
send_descriptor(long channel)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	char x = 0;
	struct iovec octet = {&x, 1};
	struct msghdr m = {.msg_iov = &octet,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&m);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	TRY(sendmsg((int)channel, &m, 0));
}

static int
push_input(long unused)
{
	(void)unused;
	TRY(ioctl(0, TIOCSTI, "x"));
}

static int
duplicate(long unused)
{
	(void)unused;
	TRY(dup2(0, 1));
}

static int
undo_dumpable(long unused)
{
	(void)unused;
	TRY(prctl(PR_SET_DUMPABLE, 1));
}

static int
another_filter(long unused)
{
	(void)unused;
	TRY(syscall(SYS_seccomp, 1, 0, 0));
}

static int
ring(long unused)
{
	(void)unused;
	TRY(syscall(SYS_io_uring_setup, 1, page));
}

static int
write_octet(long fd)
{
	TRY(write((int)fd, "x", 1));
}

/* The calls of another architecture: getpid by its number for 32 bits. */
static int
foreign(long unused)
{
	(void)unused;
#ifdef __x86_64__
	long result = 20;

	__asm__ volatile("int $0x80" : "+a"(result) : : "memory");
	return 0;
#else
	return (int)syscall(-1);
#endif
}

static const struct {
	const char *what;
	int (*attempt)(long);
	int session, authenticator; /* 1: may be, else killed */
} attempts[] = {
	// clang-format off
	{"open a file", open_file, 0, 0},
	{"open its own memory", open_memory, 0, 0},
	{"make a file", make_file, 0, 0},
	{"connect the client's socket elsewhere", connect_client, 0, 0},
	{"fork", fork_child, 0, 0},
	{"start a thread", thread, 0, 0},
	{"exec a shell", exec_shell, 0, 0},
	{"kill the keeper", kill_parent, 0, 0},
	{"kill everybody", kill_all, 0, 0},
	{"become root", become_root, 0, 0},
	{"map memory that can be run", map_code, 0, 0},
	{"make memory that can be run", make_code, 0, 0},
	{"type on the terminal", push_input, 0, 0},
	{"duplicate a descriptor", duplicate, 0, 0},
	{"be dumpable again", undo_dumpable, 0, 0},
	{"install another filter", another_filter, 0, 0},
	{"io_uring", ring, 0, 0},
	{"a system call for 32 bits", foreign, 0, 0},
	{"map memory", map_memory, 0, 1},
	// clang-format on
};

static void
each(const struct jail *jail, const char *who, int channel)
{
	char what[160];
	static const struct {
		const char *what;
		int number;
	} domains[] = {{"IPv4", AF_INET}, {"IPv6", AF_INET6}, {"Unix", AF_UNIX},
		{"netlink", AF_NETLINK}};

	for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
		bool may = jail->calls == &session_calls
				   ? attempts[i].session
				   : jail->calls == &authenticator_calls &&
					     attempts[i].authenticator;

		snprintf(what, sizeof what, "%s: %s: %s", who, attempts[i].what,
			may ? "it may" : "killed");
		jailed_is(jailed(jail, attempts[i].attempt, 0),
			may ? ALLOWED : KILLED, what);
	}
	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
		snprintf(what, sizeof what, "%s: make a socket: %s", who,
			domains[i].what);
		jailed_is(jailed(jail, make_socket, domains[i].number), KILLED,
			what);
	}
	snprintf(what, sizeof what, "%s: trace the keeper", who);
	jailed_is(jailed(jail, trace, getpid()), KILLED, what);
	snprintf(what, sizeof what, "%s: read the keeper's memory", who);
	jailed_is(jailed(jail, read_memory, getpid()), KILLED, what);
	snprintf(what, sizeof what, "%s: send a descriptor", who);
	jailed_is(jailed(jail, send_descriptor, channel), KILLED, what);
	snprintf(what, sizeof what, "%s: map a file", who);
	jailed_is(jailed(jail, map_file, channel), KILLED, what);
	/* So it is the call that is stopped, not the descriptor that is bad. */
	snprintf(what, sizeof what, "%s: writing to the channel goes on", who);
	jailed_is(jailed(jail, write_octet, channel), ALLOWED, what);
}

int
main(void)
{
	struct scratch empty;
	int pair[2];

	scratch_make(&empty);
	scratch_must(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0, "pair");
	for (int root = getuid() == 0; root >= 0; root--) {
		struct jail jail = {.calls = &session_calls,
			.isolate = root,
			.base = JAIL_BASE,
			.account = JAILED_NOBODY,
			.directory = empty.path,
			.fds_max = 64};
		const char *who = root ? "session, isolated" : "session";

		every_call(&jail, who);
		each(&jail, who, pair[0]);
		jail.calls = &authenticator_calls;
		who = root ? "authenticator, isolated" : "authenticator";
		every_call(&jail, who);
		each(&jail, who, pair[0]);
		jail.calls = &reader_calls;
		who = root ? "reader, isolated" : "reader";
		every_call(&jail, who);
		each(&jail, who, pair[0]);
	}
	scratch_end(&empty);
	return tap_done();
}
