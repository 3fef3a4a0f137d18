/*
 * deadline - until when the session must have left the state that it is in.
 * The keeper allows a little more than the session's own rules do, and counts
 * from what it has seen itself: no word of the session prolongs a deadline.
 */
#ifndef KEEPER_DEADLINE_H
#define KEEPER_DEADLINE_H

#include <stdint.h>

struct keeper;

/* A time of clock_ms(); CLOCK_NEVER while the session waits for the keeper. */
int64_t keeper_deadline(const struct keeper *k);

#endif
