/* jail - see jail.h. Run by the authenticator, of each kind. */
#include "auth/jail.h"

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
