/*
 * clock - see clock.h. Run by every process, every tool and our queue programs.
 */
#include "lib/clock.h"

#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Zero where a filter refuses it, for which main looks once. */
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

int64_t
clock_us(void)
{
	struct timespec now = read_clock(CLOCK_MONOTONIC);

	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* For poll(): milliseconds, -1 for ever. */
static int
left(int64_t deadline)
{
	if (deadline == CLOCK_NEVER)
		return -1;
	int64_t now = clock_ms();

	if (deadline <= now)
		return 0;
	return deadline - now > INT_MAX ? INT_MAX : (int)(deadline - now);
}

int
clock_poll(struct pollfd *fds, nfds_t n, int64_t deadline)
{
	int ready;

	while ((ready = poll(fds, n, left(deadline))) == -1 && errno == EINTR)
		;
	return ready;
}
