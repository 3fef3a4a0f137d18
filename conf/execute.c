/* execute - other programs; part of smtpd-auth-conf. */
#include "conf/execute.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/buffer.h"
#include "lib/child.h"
#include "lib/clock.h"

#define NOT_STARTED 127

static _Noreturn void
child(char *const argv[], int directory_fd, int input_fd, int errors)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(input_fd == -1 ? null : input_fd, 0) == -1 ||
		dup2(null, 1) == -1 || dup2(errors, 2) == -1 ||
		(directory_fd != -1 && fchdir(directory_fd) == -1)) {
		(void)dprintf(errors, "%s\n", strerror(errno));
		_exit(NOT_STARTED);
	}
	/* A resolver that does not answer is not waited for. */
	(void)setenv("RES_OPTIONS", "timeout:2 attempts:1", 1);
	(void)setenv("LC_ALL", "C", 1);
	(void)execvp(argv[0], argv);
	(void)fprintf(stderr, "unable to run it: %s\n", strerror(errno));
	_exit(NOT_STARTED);
}

/* Keeps the last line that is not empty, cut to what fits. */
static void
read_reason(int fd, struct execute_reason *reason)
{
	struct buffer line = {reason->text, 0, EXECUTE_REASON_MAX - 1, false};
	char data[512];
	ssize_t got;
	bool fresh = true;

	while ((got = read(fd, data, sizeof data)) > 0 ||
		(got == -1 && errno == EINTR))
		for (ssize_t i = 0; i < got; i++) {
			if (data[i] == '\n' || data[i] == '\r') {
				fresh = true;
				continue;
			}
			if (fresh)
				line.len = 0;
			fresh = false;
			if (line.len < line.cap)
				line.data[line.len++] = data[i];
		}
	line.data[line.len] = '\0';
}

int
execute(char *const argv[], int directory_fd, int input_fd,
	struct execute_reason *reason)
{
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		(void)snprintf(reason->text, sizeof reason->text, "%s",
			strerror(errno));
		return -1;
	}
	if (pid == 0)
		child(argv, directory_fd, input_fd, ends[1]);
	(void)close(ends[1]);
	read_reason(ends[0], reason);
	(void)close(ends[0]);
	(void)child_wait(pid, &status, CLOCK_NEVER); /* it is ours */
	if (!WIFEXITED(status)) {
		(void)snprintf(reason->text, sizeof reason->text,
			"ended by signal %d", WTERMSIG(status));
		return -1;
	}
	if (reason->text[0] == '\0')
		(void)snprintf(reason->text, sizeof reason->text, "exit %d",
			WEXITSTATUS(status));
	return WEXITSTATUS(status) == NOT_STARTED ? -1 : WEXITSTATUS(status);
}

bool
execute_finds(const char *name)
{
	char text[CONF_PATH_MAX];
	struct buffer path = BUFFER_OVER(text);

	return child_find(&path, name) == 0;
}
