/* clock - monotonic milliseconds, and waiting with an absolute deadline. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <poll.h>
#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

/* Milliseconds of CLOCK_MONOTONIC: for deadlines, never for dates. */
int64_t clock_ms(void);

/* Seconds since 1970. */
int64_t clock_seconds(void);

/*
 * poll() until deadline (clock_ms() units, or CLOCK_NEVER), again after a
 * signal. Returns what poll() does: 0 past the deadline, -1 with errno.
 */
int clock_poll(struct pollfd *fds, nfds_t n, int64_t deadline);

#endif
