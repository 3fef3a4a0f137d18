/* session_jail - see session_jail.h. Run by the session. */
#include "session/session_jail.h"

/*
 * recvmsg: the message pipe comes over the channel. writev: what is added to a
 * message goes with the text, and the queue program wakes once.
 */
static const struct filter_call calls[] = {
	{__NR_read, FILTER_ANY},
	{__NR_write, FILTER_ANY},
	{__NR_writev, FILTER_ANY},
	{NR_POLL, FILTER_ANY},
	{__NR_recvmsg, FILTER_ANY},
	{__NR_close, FILTER_ANY},
	{__NR_shutdown, FILTER_ANY},
	{__NR_clock_gettime, FILTER_ANY},
	{__NR_restart_syscall, FILTER_ANY},
	{__NR_exit_group, FILTER_ANY},
};

const struct filter_list session_calls = {calls, sizeof calls / sizeof *calls};
