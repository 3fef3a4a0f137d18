/*
 * authenticator_jail - see authenticator_jail.h. Run by the authenticator, of
 * each kind.
 */
#include "auth/authenticator_jail.h"

#include <unistd.h>

/*
 * Memory without a file behind it and never executable: yescrypt wants
 * megabytes, and a C library moves the end of its heap.
 */
static const struct filter_call calls[] = {
	{__NR_read, FILTER_ANY},
	{__NR_write, FILTER_ANY},
	{NR_POLL, FILTER_ANY},
	{__NR_pread64, FILTER_ANY},
	{__NR_clock_gettime, FILTER_ANY},
	{__NR_restart_syscall, FILTER_ANY},
	{__NR_exit_group, FILTER_ANY},
	{__NR_brk, FILTER_ANY},
	{__NR_munmap, FILTER_ANY},
	{__NR_mprotect, FILTER_NO_EXEC},
	{__NR_mmap, FILTER_MEMORY},
};

const struct filter_list authenticator_calls = {
	calls, sizeof calls / sizeof *calls};

const char *
authenticator_jail_enter(int keeper, int other, const struct jail *outer)
{
	struct jail jail = *outer;

	if (dup2(keeper, AUTHENTICATOR_KEEPER) == -1 ||
		dup2(other == -1 ? AUTHENTICATOR_KEEPER : other,
			AUTHENTICATOR_OTHER) == -1)
		return "dup2";
	jail_close_from(AUTHENTICATOR_FDS);
	jail.calls = &authenticator_calls;
	jail.fds_max = AUTHENTICATOR_FDS;
	if (jail.isolate && jail_raise(JAIL_RIGHTS_MAKE) == -1)
		return "capset";
	return jail_step_name(jail_enter(&jail));
}
