/*
 * deadline - until when the session must have left the state that it is in:
 * the longest that its own rules allow, and a little. Counted from what the
 * keeper has seen by itself; no word of the session prolongs it.
 */
#ifndef KEEPER_DEADLINE_H
#define KEEPER_DEADLINE_H

#include <stdint.h>

struct keeper;

/* By clock_ms(); CLOCK_NEVER where the session waits for the keeper. */
int64_t keeper_deadline(const struct keeper *k);

#endif
