/* clock - monotonic time, and waiting with an absolute deadline. */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <poll.h>
#include <stdint.h>

#define CLOCK_NEVER INT64_MAX

/* Milliseconds of CLOCK_MONOTONIC: for deadlines, never for dates. */
int64_t clock_ms(void);

/* Microseconds of it: where a client could measure the difference. */
int64_t clock_us(void);

/* Seconds since 1970. */
int64_t clock_seconds(void);

/*
 * As poll(), until the deadline (a time of clock_ms(), or CLOCK_NEVER); a
 * signal does not end the wait. Returns 0 once the deadline is past.
 */
int clock_poll(struct pollfd *fds, nfds_t n, int64_t deadline);

#endif
