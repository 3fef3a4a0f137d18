/*
 * rights - see rights.h. Run by main, the keeper and smtpd-check.
 *
 * Root that was exec'ed has what the bounding set leaves it, and the set stays
 * as it was when the rights themselves are gone.
 */
#include "lib/rights.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>

#include "lib/jail.h"

static const struct right {
	enum jail_step step; /* that cannot do without */
	int capability;
	const char *failed, *missing;
} rights[RIGHTS_COUNT] = {
	// clang-format off
	{JAIL_CHROOT, CAP_SYS_CHROOT, "chroot: CAP_SYS_CHROOT is missing", "CAP_SYS_CHROOT is missing"},
	{JAIL_SETRESUID, CAP_SETUID, "setresuid: CAP_SETUID is missing", "CAP_SETUID is missing"},
	{JAIL_SETRESUID, CAP_SETGID, "setresuid: CAP_SETGID is missing", "CAP_SETGID is missing"},
	{JAIL_ENTERED, CAP_KILL, NULL, "CAP_KILL is missing"},
	// clang-format on
};

static bool
is_missing(int capability)
{
	return prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 0;
}

const char *
rights_step(unsigned step)
{
	if (step != JAIL_ENTERED)
		for (size_t i = 0; i < RIGHTS_COUNT; i++)
			if (rights[i].step == step &&
				is_missing(rights[i].capability))
				return rights[i].failed;
	return jail_step_name(step);
}

bool
rights_may_kill(void)
{
	return !is_missing(CAP_KILL);
}

const char *
rights_lacking(size_t number)
{
	return is_missing(rights[number].capability) ? rights[number].missing
						     : NULL;
}

const char *
rights_missing(const char *call)
{
	for (size_t i = 0; i < RIGHTS_COUNT; i++)
		if (rights_lacking(i) != NULL)
			return rights_lacking(i);
	return call;
}

const char *
rights_account(int error)
{
	return rights_missing(
		error == EINVAL
			? "uid or gid is not mapped in this user namespace"
			: "setgroups or setresuid is refused: a user "
			  "namespace, a filter");
}
