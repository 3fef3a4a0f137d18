/*
 * guard - what the counters of statedir mean to one connection.
 *
 * To be called only where there is a statedir: without it not a page of this
 * is touched. A file that cannot be used is logged once a connection, and
 * nothing is counted: mail goes on.
 */
#ifndef KEEPER_GUARD_H
#define KEEPER_GUARD_H

#include "keeper/table.h"

struct keeper;

struct guard {
	bool tried;  /* to open */
	bool usable; /* it is open */
	bool logged; /* that something is wrong */
	struct table failures;
};

/* A file of statedir for the rest of the connection, or a line in the log. */
bool guard_open(
	struct keeper *k, struct table *t, const struct table_shape *shape);
void guard_log(struct keeper *k, const char *file, const char *reason);

/*
 * Before the greeting, by main: has this address failed so often that a
 * service for logged-in clients has nothing to say to it? Opens and closes.
 */
bool guard_turns_away(struct keeper *k);

/* No AUTH for this address now? Before any secret is looked at. */
bool guard_refuses(struct keeper *k);

/*
 * Counts a failed login; a success counts against nobody. Both return the
 * milliseconds that the answer has to wait: the same for both, so that
 * going away early does not tell which it was.
 */
int64_t guard_failed(struct keeper *k, struct slice user);
int64_t guard_succeeded(struct keeper *k, struct slice user);

#endif
