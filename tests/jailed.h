/*
 * jailed - a child process in the jail, for the unit tests that play a
 * session or an authenticator which somebody has taken over.
 */
#ifndef TESTS_JAILED_H
#define TESTS_JAILED_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/jail.h"
#include "tests/tap.h"

#define JAILED_NOT 99	    /* exit: the jail could not be entered */
#define JAILED_NOBODY 65534 /* where the jail does not change the uid */

/*
 * Runs attempt(argument) in a child in the jail. Returns 1000 plus the errno
 * that attempt returned (1000: it succeeded), the signal that ended the
 * child, negative, or -1000 when the jail could not be entered.
 */
static inline int
jailed(const struct jail *jail, int (*attempt)(long), long argument)
{
	int status;

	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		if (!jail->isolate && getuid() == 0 &&
			jail_identity(JAILED_NOBODY, JAILED_NOBODY) == -1)
			_exit(JAILED_NOT);
		if (jail_enter(jail) != JAIL_ENTERED)
			_exit(JAILED_NOT);
		int result = attempt(argument);

		/* An exit status has eight bits; errnos here are below 99. */
		_exit(result < JAILED_NOT ? result : JAILED_NOT - 1);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		return -WTERMSIG(status);
	return WEXITSTATUS(status) == JAILED_NOT ? -1000
						 : 1000 + WEXITSTATUS(status);
}

static inline const char *
jailed_shown(int result)
{
	static char text[80];

	if (result == -1000)
		snprintf(text, sizeof text, "no jail");
	else if (result < 0)
		snprintf(text, sizeof text, "%s", strsignal(-result));
	else
		snprintf(text, sizeof text, "%s",
			result == 1000 ? "it succeeded"
				       : strerror(result - 1000));
	return text;
}

/* One check; what came instead is shown. */
static inline void
jailed_is(int got, int expected, const char *what)
{
	if (!ok(got == expected, what))
		printf("# got: %s\n", jailed_shown(got));
}

#endif
