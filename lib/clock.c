/* clock - see clock.h. Used by every process. */
#include "lib/clock.h"

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/*
 * The system call itself: the C library would look for the kernel's function
 * in memory, which touches three pages, for a handful of calls. Cannot fail.
 */
static struct timespec
read_clock(clockid_t clock)
{
	struct timespec now = {0, 0};

	syscall(SYS_clock_gettime, clock, &now);
	return now;
}

int64_t
clock_seconds(void)
{
	return read_clock(CLOCK_REALTIME).tv_sec;
}

int64_t
clock_ms(void)
{
	struct timespec now = read_clock(CLOCK_MONOTONIC);

	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int
clock_poll(struct pollfd *fds, nfds_t n, int64_t deadline)
{
	for (;;) {
		int64_t left = -1;

		if (deadline != CLOCK_NEVER) {
			left = deadline - clock_ms();
			if (left < 0)
				left = 0;
			if (left > INT_MAX)
				left = INT_MAX;
		}
		int ready = poll(fds, n, (int)left);

		if (ready != -1 || errno != EINTR)
			return ready;
	}
}
