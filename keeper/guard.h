/*
 * guard - what the counters of statedir mean to one connection.
 *
 * To be called only where there is a statedir: without it not a page of this
 * is touched. A file that cannot be used is logged once a connection, and
 * nothing is counted: mail goes on.
 */
#ifndef KEEPER_GUARD_H
#define KEEPER_GUARD_H

#include "keeper/places.h"

struct keeper;

struct guard {
	bool tried;  /* to open */
	bool usable; /* it is open */
	bool logged; /* that something is wrong */
	struct table failures;
	struct places connection; /* this one's place, to its end */
	struct places guess;	  /* a guess's, to its verdict */
};

enum guard_word {
	GUARD_PASSES,
	GUARD_FULL,   /* with the guesses that wait for a verdict */
	GUARD_REFUSES /* too many have failed */
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
 * Before the session exists, by main, with the account's rights on files: are
 * there connlimit connections of this address? Else this is one of them, for
 * as long as the keeper lives. Who is exempt stands in the manual.
 */
bool guard_crowded(struct keeper *k);

/*
 * May a guess of this address be looked at now? Then it has a place, until
 * guard_settle(), so that guesses at once cannot pass the limit together.
 */
enum guard_word guard_admits(struct keeper *k);
void guard_settle(struct keeper *k);

/*
 * Counts a failed login; a success counts against nobody. Both return the
 * milliseconds that the answer has to wait: the same for both, so that
 * going away early does not tell which it was.
 */
int64_t guard_failed(struct keeper *k, struct slice user);
int64_t guard_succeeded(struct keeper *k, struct slice user);

#endif
