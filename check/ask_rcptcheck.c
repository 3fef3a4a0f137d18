/*
 * ask_rcptcheck - see ask_rcptcheck.h. Run by smtpd-check, in a process with
 * the account's rights when it is root.
 */
#include "check/ask_rcptcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check/as_account.h"
#include "lib/child.h"
#include "lib/clock.h"

#define TEXT_FD 4
#define TEXT_MAX 300 /* octets of it that count */

extern char **environ;

struct question {
	const char *path, *recipient, *helo;
	struct answer {
		int failed; /* errno: it could not be started */
		bool late;
		int status;
		char text[TEXT_MAX];
		size_t len;
	} * answer; /* shared with the process that asks */
};

static void
set_environment(const struct question *q)
{
	(void)setenv("SENDER", "", 1);
	(void)setenv("RECIPIENT", q->recipient, 1);
	(void)setenv("HELO", q->helo, 1);
	(void)setenv("USE_FD4", "1", 1);
}

/* Not in the middle of other checks, which look at the environment. */
static void
unset_environment(void)
{
	static const char *const names[] = {
		"SENDER", "RECIPIENT", "HELO", "USE_FD4"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		(void)unsetenv(names[i]);
}

static int
spawn(const struct question *q, pid_t *pid, int text_write)
{
	char *const argv[] = {(char *)(uintptr_t)q->path, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const struct child_fd fds[] = {
		{null, 0}, {null, 1}, {text_write, TEXT_FD}};
	/* On a host without it 0 and 1 stay as they are. */
	size_t first = null == -1 ? 2 : 0;

	int failed = child_spawn(pid, &(struct child_program){.path = q->path,
					      .arguments = argv,
					      .environment = environ,
					      .fds = fds + first,
					      .fds_count = 3 - first,
					      .close_from = TEXT_FD + 1});

	if (null != -1)
		close(null);
	return failed;
}

static int
ask(const void *what)
{
	const struct question *q = what;
	struct answer *answer = q->answer;
	int text[2];
	pid_t pid;

	if (pipe2(text, O_CLOEXEC) == -1) {
		answer->failed = errno;
		return 0;
	}
	set_environment(q);
	answer->failed = spawn(q, &pid, text[1]);
	unset_environment();
	close(text[1]);
	if (answer->failed == 0 &&
		child_wait(pid, &answer->status, ASK_RCPTCHECK_MS) == 0) {
		answer->late = true;
		child_kill(pid);
		(void)child_wait(pid, NULL, CLOCK_NEVER);
	}
	ssize_t n = fcntl(text[0], F_SETFL, O_NONBLOCK) == -1
			    ? -1
			    : read(text[0], answer->text, TEXT_MAX);

	answer->len = n < 0 ? 0 : (size_t)n;
	close(text[0]);
	return 0;
}

/* Its words, as far as they may be shown. */
static const char *
words_of(const struct answer *answer)
{
	char shown[4 * TEXT_MAX];
	struct buffer b = BUFFER_OVER(shown);
	struct slice text = {answer->text, answer->len};

	text.len = slice_find(text, '\n');
	report_add_printable(&b, text);
	return b.len == 0 ? "" : report_text(" \"%.*s\"", (int)b.len, b.data);
}

static const char *
phrase(const struct answer *answer)
{
	if (answer->failed != 0)
		return report_text("no answer: %s", strerror(answer->failed));
	if (answer->late)
		return report_text(
			"no answer within %d seconds", ASK_RCPTCHECK_MS / 1000);
	if (!WIFEXITED(answer->status))
		return report_text(
			"no answer: signal %d", WTERMSIG(answer->status));
	int code = WEXITSTATUS(answer->status);

	switch (code) {
	case 100:
		return report_text("refused, exit 100%s", words_of(answer));
	case 113:
		return report_text("no answer: exit 113%s", words_of(answer));
	case 111:
	case 120:
	case 126:
	case 127:
		return report_text("no answer: exit %d", code);
	default:
		return report_text("accepted, exit %d", code);
	}
}

const char *
ask_rcptcheck(const struct check *c, const char *path, const char *recipient)
{
	struct question q = {.path = path,
		.recipient = recipient,
		.helo = c->me,
		.answer = mmap(NULL, sizeof *q.answer, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0)};

	if (q.answer == MAP_FAILED)
		return report_text("no answer: %s", strerror(errno));
	q.answer->failed = EPERM; /* unless we could become the account */
	(void)as_account(c, ask, &q);
	const char *said = phrase(q.answer);

	(void)munmap(q.answer, sizeof *q.answer);
	return said;
}
