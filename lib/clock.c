/* clock - see clock.h. Used by every process. */
#include "lib/clock.h"

#include <errno.h>
#include <limits.h>
#include <time.h>

int64_t
clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail on Linux */
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
