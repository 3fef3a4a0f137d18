/*
 * Unit test of lib/child: programs in sh, run with what they were given, and
 * ended.
 */
#include "lib/child.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#define LATE_MS 20000 /* what is not over by then hangs */

static struct scratch place;

/* sh -c script, with descriptor fd as its 5. */
static int
shell(pid_t *pid, const char *script, int fd)
{
	char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"},
		(char *)(uintptr_t)script, NULL};
	char *const environment[] = {(char[]){"WORD=given"}, NULL};
	const struct child_fd fds = {fd, 5};

	return child_spawn(pid, &(struct child_program){.path = "/bin/sh",
					.arguments = arguments,
					.environment = environment,
					.fds = &fds,
					.fds_count = fd == -1 ? 0 : 1,
					.close_from = 6});
}

/* Its exit code; -1 when it has none. */
static int
ran(const char *script, int fd)
{
	pid_t pid;
	int status;

	if (shell(&pid, script, fd) != 0 ||
		child_wait(pid, &status, LATE_MS) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
ignore(int number)
{
	(void)number;
}

/* Signals as nobody has touched them, a group of its own, its environment. */
static void
check_start(void)
{
	sigset_t held, before;
	int status;
	pid_t pid;

	sigemptyset(&held);
	sigaddset(&held, SIGUSR2);
	sigprocmask(SIG_BLOCK, &held, NULL);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGALRM, ignore);
	ok(shell(&pid, "kill -USR1 $$; exit 3", -1) == 0 &&
			child_wait(pid, &status, LATE_MS) == pid &&
			WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1,
		"a signal that we ignore ends it");
	ok(shell(&pid, "kill -USR2 $$; exit 3", -1) == 0 &&
			child_wait(pid, &status, LATE_MS) == pid &&
			WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR2,
		"and one that we block");
	sigprocmask(SIG_BLOCK, NULL, &before);
	ok(sigismember(&before, SIGUSR2) == 1 &&
			sigismember(&before, SIGUSR1) == 0,
		"our own are blocked as before");
	ok(signal(SIGUSR1, SIG_DFL) == SIG_IGN &&
			signal(SIGALRM, SIG_DFL) == ignore,
		"and our handlers are ours");
	sigprocmask(SIG_UNBLOCK, &held, NULL);
	ok(ran("test \"$WORD\" = given && test -z \"$HOME\"", -1) == 0,
		"it has its environment and no other");
	ok(ran("exec 3</proc/self/stat; read a b c d group e <&3; "
	       "test $group = $$",
		   -1) == 0,
		"and leads its group");
}

static void
check_fds(void)
{
	char text[20] = "";
	int low[2], fds[2];

	/* Above all that is asked for here. */
	scratch_must(pipe2(low, O_CLOEXEC) == 0, "pipe");
	for (int i = 0; i < 2; i++) {
		fds[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 20);
		close(low[i]);
	}
	ok(ran("echo there >&5", fds[1]) == 0 &&
			read(fds[0], text, sizeof text) == 6 &&
			memcmp(text, "there\n", 6) == 0,
		"a descriptor that was moved");
	scratch_must(dup3(fds[1], 5, O_CLOEXEC) == 5, "dup3");
	ok(ran("echo again >&5", 5) == 0 &&
			read(fds[0], text, sizeof text) == 6,
		"one that has its number");
	ok((fcntl(5, F_GETFD) & FD_CLOEXEC) != 0,
		"ours is close-on-exec still");
	close(5);
	scratch_must(dup2(fds[1], 7) == 7, "dup2");
	ok(ran("test ! -e /proc/self/fd/7", -1) == 0,
		"from close_from on they are closed");
	close(7);
	ok(ran("exit 0", 900) == -1, "one that is not open is no start");
	close(fds[0]);
	close(fds[1]);
}

static void
check_failures(void)
{
	char *const arguments[] = {(char[]){"x"}, NULL};
	pid_t pid = -7;
	struct child_program program = {.path = "/absent/x",
		.arguments = arguments,
		.environment = arguments + 1};

	ok(child_spawn(&pid, &program) == ENOENT && pid == -7,
		"a program that is not there");
	program.path = place.path;
	ok(child_spawn(&pid, &program) == EACCES && pid == -7, "a directory");
	ok(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
		"neither leaves a child");
}

/* Looked for in PATH, which is the directories of the test. */
static bool
finds(const char *name, const char *expected)
{
	char text[400];
	struct buffer path = BUFFER_OVER(text);

	if (child_find(&path, name) == -1)
		return expected == NULL;
	return expected != NULL && slice_is(buffer_slice(&path), expected);
}

static void
check_find(void)
{
	char path[300], text[400], small[8];
	struct buffer little = BUFFER_OVER(small);

	scratch_text(&place, "tool", "#!/bin/sh\n");
	scratch_text(&place, "words", "no program\n");
	snprintf(path, sizeof path, "%s/tool", place.path);
	scratch_must(chmod(path, 0755) == 0, path);
	snprintf(text, sizeof text, "/absent:%s:/bin", place.path);
	setenv("PATH", text, 1);
	ok(finds("tool", path), "in the second directory of PATH");
	ok(finds("sh", "/bin/sh"), "in the last one");
	ok(finds("./any", NULL) && errno == ENOENT,
		"with a slash it is not looked for");
	ok(finds("/bin/sh", "/bin/sh"), "and is itself where it is there");
	ok(finds("absent", NULL) && errno == ENOENT, "nowhere");
	ok(finds("", NULL) && errno == ENOENT, "no name");
	ok(finds("words", NULL) && errno == EACCES,
		"a file that cannot be run");
	ok(child_find(&little, "tool") == -1 && errno == ENAMETOOLONG,
		"a path that does not fit");
	setenv("PATH", "", 1);
	scratch_must(chdir(place.path) == 0, place.path);
	ok(finds("tool", "tool"), "an empty PATH is where we are");
	unsetenv("PATH");
	ok(finds("sh", "/bin/sh"), "without a PATH the usual one");
}

static void
check_end(void)
{
	int status, started[2];
	pid_t pid;
	char c;

	scratch_must(pipe2(started, O_CLOEXEC) == 0, "pipe");
	scratch_must(
		shell(&pid, "sleep 1000 & echo >&5; wait", started[1]) == 0,
		"sh");
	close(started[1]);
	scratch_must(read(started[0], &c, 1) == 1, "read");
	struct pollfd ended = {.fd = child_open(pid), .events = POLLIN};

	ok(ended.fd != -1 && poll(&ended, 1, 0) == 0, "one that runs");
	ok(child_wait(pid, NULL, 0) == 0, "is not waited for");
	ok(child_wait(pid, NULL, 20) == 0, "or for so long");
	child_kill(pid);
	ok(child_wait(pid, &status, CLOCK_NEVER) == pid &&
			WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		"killed");
	ok(poll(&ended, 1, 0) == 1, "its descriptor tells");
	/* The end of the file: nobody has the pipe's other end. */
	ok(read(started[0], &c, 1) == 0, "what it has started is gone too");
	ok(child_wait(pid, NULL, LATE_MS) == -1 && errno == ECHILD,
		"one that was reaped is no child");
	child_kill(-1);
	child_kill(0);
	ok(1, "no process id kills nobody");
	close(ended.fd);
	close(started[0]);
}

int
main(void)
{
	scratch_make(&place);
	check_start();
	check_fds();
	check_failures();
	check_find();
	check_end();
	scratch_end(&place);
	return tap_done();
}
