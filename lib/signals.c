/*
 * signals - see signals.h. Run by main and the keeper, and by children of
 * keeper and authenticator before an exec. Not by the C library, which takes
 * a lock, in memory that is the parent's.
 */
#include "lib/signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SIGNALS_END 32	 /* real-time signals: nobody ignores them */
#define SIGNAL_SET_LEN 8 /* octets of the kernel's sets */

/* The kernel's sets: longs, of whatever size. */
static const unsigned long term[] = {1ul << (SIGTERM - 1), 0};
static const unsigned long all[] = {~0ul, ~0ul};

int
signals_hold_term(void)
{
	return (int)syscall(
		SYS_rt_sigprocmask, SIG_BLOCK, term, NULL, SIGNAL_SET_LEN);
}

uint64_t
signals_block(void)
{
	uint64_t before = 0;

	syscall(SYS_rt_sigprocmask, SIG_BLOCK, all, &before, SIGNAL_SET_LEN);
	return before;
}

void
signals_restore(uint64_t before)
{
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &before, NULL, SIGNAL_SET_LEN);
}

int
signals_term_fd(void)
{
	int fd = (int)syscall(
		SYS_signalfd4, -1, term, SIGNAL_SET_LEN, SFD_CLOEXEC);
	int failed = errno;

	if (fd == -1)
		signals_restore(0);
	errno = failed;
	return fd;
}

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
