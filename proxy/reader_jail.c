/* reader_jail - see reader_jail.h. Run by the reader. */
#include "proxy/reader_jail.h"

/* One source, one record, and a deadline. */
static const struct filter_call calls[] = {
	{__NR_read, FILTER_ANY},
	{__NR_write, FILTER_ANY},
	{NR_POLL, FILTER_ANY},
	{__NR_clock_gettime, FILTER_ANY},
	{__NR_restart_syscall, FILTER_ANY},
	{__NR_exit_group, FILTER_ANY},
};

const struct filter_list reader_calls = {calls, sizeof calls / sizeof *calls};
