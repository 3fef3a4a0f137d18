/*
 * Unit test of lib/jail without its system call filter: what holds if a hole
 * in the kernel lets somebody past it. Uid, empty root, Landlock and limits
 * are then to stop the same attempts by themselves.
 */
#include "lib/filter.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "session/session_jail.h"
#include "tests/jailed.h"
#include "tests/scratch.h"

/* In place of lib/filter.c's: this jail has no filter. */
int
filter_install(const struct filter_list *list)
{
	(void)list;
	return 0;
}

#define TRY(expression) return (expression) == -1 ? errno : 0
#define FAILS(error) (1000 + (error))
#define WORKS 1000

static struct scratch top; /* a directory that was left open by mistake */

static int
open_file(long unused)
{
	(void)unused;
	TRY(open("/etc/passwd", O_RDONLY));
}

static int
list_root(long unused)
{
	(void)unused;
	TRY(open("/", O_RDONLY | O_DIRECTORY));
}

static int
open_beside(long unused)
{
	(void)unused;
	TRY(openat(top.fd, "file", O_RDONLY));
}

static int
make_beside(long unused)
{
	(void)unused;
	TRY(openat(top.fd, "new", O_WRONLY | O_CREAT, 0600));
}

static int
remove_beside(long unused)
{
	(void)unused;
	TRY(unlinkat(top.fd, "file", 0));
}

static int
make_directory(long unused)
{
	(void)unused;
	TRY(mkdirat(top.fd, "directory", 0700));
}

static int
fork_child(long unused)
{
	pid_t pid = fork();

	(void)unused;
	if (pid == 0)
		_exit(0);
	TRY(pid);
}

static int
exec_beside(long unused)
{
	char name[] = "program";
	char *const argv[] = {name, NULL};

	(void)unused;
	TRY(syscall(SYS_execveat, top.fd, name, argv, argv + 1, 0));
}

static int
kill_parent(long unused)
{
	(void)unused;
	TRY(kill(getppid(), 0));
}

static int
trace(long pid)
{
	TRY(ptrace(PTRACE_ATTACH, (pid_t)pid, 0, 0));
}

static int
become_root(long unused)
{
	(void)unused;
	TRY(setuid(0));
}

static int
change_group(long unused)
{
	gid_t group = 0;

	(void)unused;
	TRY(syscall(SYS_setgroups, 1, &group));
}

static int
chroot_again(long unused)
{
	(void)unused;
	TRY(chroot("/"));
}

static int
one_more(long unused)
{
	(void)unused;
	for (int n = 0; n < 8; n++)
		if (dup(0) == -1)
			return errno;
	return 0;
}

static int
raise_limit(long resource)
{
	struct rlimit more = {10, 10};

	TRY(syscall(SYS_prlimit64, 0, resource, &more, NULL));
}

/* Not the attempt's errno but the state: 0 when it is as it is to be. */
static int
is_dumpable(long unused)
{
	(void)unused;
	return prctl(PR_GET_DUMPABLE);
}

static int
may_gain(long unused)
{
	(void)unused;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

/* Landlock is there since Linux 5.13, and can be switched off. */
static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

int
main(void)
{
	struct scratch empty;
	bool landlock = has_landlock();

	scratch_make(&top);
	scratch_make(&empty);
	scratch_text(&top, "file", "text");
	scratch_text(&top, "program", "#!/bin/sh\n");
	(void)fchmodat(top.fd, "program", 0755, 0);
	(void)fchmod(top.fd, 0777); /* so that modes alone stop nobody */
	for (int root = getuid() == 0; root >= 0; root--) {
		struct jail jail = {.calls = &session_calls,
			.isolate = root,
			.base = JAIL_BASE,
			.account = JAILED_NOBODY,
			.directory = empty.path,
			.fds_max = 8};
		int no_file = root ? ENOENT : EACCES;
		struct {
			const char *what;
			int (*attempt)(long);
			long argument;
			int expected;
			bool by_landlock;
		} rows[] = {
			// clang-format off
			{"open a file: none there, or none may be", open_file, 0, FAILS(no_file), !root},
			{"list its root", list_root, 0, FAILS(EACCES), true},
			{"read below a directory left open", open_beside, 0, FAILS(EACCES), true},
			{"write below it", make_beside, 0, FAILS(EACCES), true},
			{"remove below it", remove_beside, 0, FAILS(EACCES), true},
			{"make a directory below it", make_directory, 0, FAILS(EACCES), true},
			{"exec below it", exec_beside, 0, FAILS(EACCES), true},
			{"fork", fork_child, 0, FAILS(EAGAIN), false},
			{"become root", become_root, 0, FAILS(EPERM), false},
			{"take a group", change_group, 0, FAILS(EPERM), false},
			{"chroot", chroot_again, 0, FAILS(EPERM), false},
			{"have more descriptors", one_more, 0, FAILS(EMFILE), false},
			{"more processes", raise_limit, RLIMIT_NPROC, FAILS(EPERM), false},
			{"more descriptors by limit", raise_limit, RLIMIT_NOFILE, FAILS(EPERM), false},
			{"a core", raise_limit, RLIMIT_CORE, FAILS(EPERM), false},
			{"dumpable: no", is_dumpable, 0, WORKS, false},
			{"new privileges: no", may_gain, 0, WORKS, false},
			// clang-format on
		};

		for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
			char what[160];

			snprintf(what, sizeof what, "%s, no filter: %s",
				root ? "isolated" : "not isolated",
				rows[i].what);
			if (rows[i].by_landlock && !landlock)
				printf("ok %u - %s # SKIP no Landlock\n",
					++tap_count, what);
			else
				jailed_is(jailed(&jail, rows[i].attempt,
						  rows[i].argument),
					rows[i].expected, what);
		}
		/* Where the test itself is the other, it must be another's. */
		if (root) {
			jailed_is(jailed(&jail, kill_parent, 0), FAILS(EPERM),
				"isolated, no filter: signal the parent");
			jailed_is(jailed(&jail, trace, getpid()), FAILS(EPERM),
				"isolated, no filter: trace the parent");
		}
	}
	scratch_end(&empty);
	scratch_end(&top);
	return tap_done();
}
