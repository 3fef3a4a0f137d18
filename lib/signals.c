/*
 * signals - see signals.h. Run by children of keeper and authenticator before
 * an exec. Not by the C library, which takes a lock, in memory that is the
 * parent's.
 */
#include "lib/signals.h"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIGNALS_END 32	 /* real-time signals: nobody ignores them */
#define SIGNAL_SET_LEN 8 /* octets of its sets */

void
signals_default(void)
{
	/* The kernel's sigaction and set; zero is SIG_DFL, and no signal. */
	static const unsigned long none[8];

	for (int number = 1; number < SIGNALS_END; number++)
		if (number != SIGKILL && number != SIGSTOP)
			syscall(SYS_rt_sigaction, number, none, NULL,
				SIGNAL_SET_LEN);
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, SIGNAL_SET_LEN);
}
