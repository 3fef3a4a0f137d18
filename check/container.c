/*
 * container - what the kernel, or the container around us, keeps from the
 * service: rights of root, uids, system calls. Tried here, where the same
 * answer comes as in the service. Run by smtpd-check.
 */
#include "check/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "lib/filter.h"
#include "lib/jail.h"
#include "lib/rights.h"

/* What is left in the jail: its end. */
static const struct filter_call calls[] = {{__NR_exit_group, FILTER_ANY}};
static const struct filter_list list = {calls, 1};

/* The step of a jail that fails, JAIL_ENTERED, or -1: that is not known. */
static int
try_jail(const struct check *c)
{
	struct jail jail = {.calls = &list,
		.isolate = c->isolated && c->root,
		.base = (uid_t)c->service.base,
		.account = c->uid,
		.directory = c->service.jail,
		.fds_max = STDERR_FILENO + 1};
	int status;

	/* What is wrong with the directory is said by others. */
	if (access(jail.directory, X_OK) == -1)
		jail.directory = "/";
	(void)fflush(stdout); /* else the child would print it again */
	pid_t child = fork();

	if (child == 0)
		_exit((int)jail_enter(&jail));
	if (child == -1 || child_wait(child, &status, CLOCK_NEVER) == -1 ||
		!WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static const char *
cure_step(int step)
{
	if (step == JAIL_UID_MAP)
		return "echo 'now map the uids from -U on into the container'";
	return "echo 'now let the seccomp profile of the container allow it'";
}

static bool
look_at_rights(struct check *c)
{
	const char *missing;
	bool all = true;

	for (size_t i = 0; i < RIGHTS_COUNT; i++) {
		missing = rights_lacking(i);
		if (missing == NULL)
			continue;
		report_add(&c->report, HOST_RIGHT, NULL, missing, missing);
		all = false;
	}
	return all;
}

static void
look_at_jail(struct check *c)
{
	int step = try_jail(c);

	if (step > JAIL_ENTERED)
		report_add(&c->report, HOST_JAIL, NULL,
			rights_step((unsigned)step), cure_step(step));
	else if (step == JAIL_ENTERED)
		report_ok("jail", NULL, "can be entered here");
}

/* Without it nothing is served; no descriptor has such a number. */
static void
look_at_close_range(struct check *c)
{
	if (jail_close_from(~0u) == -1)
		report_add(&c->report, HOST_CLOSE_RANGE, NULL, strerror(errno),
			NULL);
}

/* Without it no queue program is started. */
static void
look_at_pidfd(struct check *c)
{
	int fd = child_open(getpid());

	if (fd == -1)
		report_add(&c->report, HOST_PIDFD, NULL, strerror(errno), NULL);
	else
		close(fd);
}

static void
look_at_landlock(struct check *c)
{
	int missing = jail_landlock_missing();

	if (missing != 0)
		report_add(&c->report, HOST_LANDLOCK, NULL, strerror(missing),
			NULL);
}

void
check_container(struct check *c)
{
	if (!c->isolated || !c->root || look_at_rights(c))
		look_at_jail(c);
	look_at_close_range(c);
	look_at_pidfd(c);
	look_at_landlock(c);
}
