/* as_account - see as_account.h. Run by smtpd-check. */
#include "check/as_account.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/jail.h"

int
as_account(
	const struct check *c, int (*ask)(const void *what), const void *what)
{
	int status;
	pid_t child;

	if (!c->root || !c->account_known)
		return ask(what);
	(void)fflush(stdout); /* else the child would print it again */
	child = fork();
	if (child == -1)
		return -1;
	if (child == 0) {
		int result =
			jail_identity(c->uid, c->gid) == -1 ? 255 : ask(what);

		(void)fflush(stdout); /* an error would show in the parent */
		_exit(result);
	}
	if (child_wait(child, &status, CLOCK_NEVER) == -1)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
as_account_runs(const void *path)
{
	return access(path, X_OK) == 0;
}

int
as_account_reads(const void *path)
{
	return access(path, R_OK) == 0;
}
