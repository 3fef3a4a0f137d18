/*
 * deadline - until when the session must have left the state that it is in.
 * That is a little more than its own rules allow, and is counted from what the
 * keeper itself has seen: no word of the session prolongs it.
 */
#ifndef KEEPER_DEADLINE_H
#define KEEPER_DEADLINE_H

#include <stdint.h>

struct keeper;

/* A time of clock_ms(); CLOCK_NEVER while the session waits for the keeper. */
int64_t keeper_deadline(const struct keeper *k);

#endif
