/* privileges - see privileges.h. Run by main, then by the keeper. */
#include "keeper/privileges.h"

#include <errno.h>
#include <sys/auxv.h>

#include "keeper/keeper.h"
#include "keeper/turn_away.h"
#include "lib/rights.h"

void
privileges_prepare(struct keeper *k, const struct options *options,
	struct identity *account)
{
	/* The kernel's word from our start: no filter stands before it. */
	bool isolate = getauxval(AT_EUID) == 0;

	*account = (struct identity){0, 0};
	if (isolate && identity_find(options->account, account) == -1)
		turn_away_config(
			k, options->account, "no such account in /etc/passwd");
	if (isolate && account->uid == 0)
		turn_away_config(
			k, options->account, "root is no account for this");
	if (isolate && !rights_may_kill())
		turn_away_config(k, options->account, rights_account(EPERM));
	k->jail = (struct jail){.isolate = isolate,
		.base = options->base,
		.account = account->uid,
		.directory = options->directory};
}

void
privileges_drop(
	struct keeper *k, const char *name, const struct identity *account)
{
	if (jail_keep() == -1)
		turn_away_late(k, name, "prctl");
	if (jail_identity(account->uid, account->gid) == -1)
		turn_away_late(k, name, rights_account(errno));
	if (jail_lower(k->backend.mechanisms.len > 0 ? JAIL_RIGHTS_MAKE
						     : JAIL_RIGHTS_KILL) == -1)
		turn_away_late(k, name, rights_missing("capset"));
}
