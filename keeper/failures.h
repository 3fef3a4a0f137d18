/*
 * failures - failed logins by address and by user, in a table that all
 * connections share, and what they mean to one connection. A failure weighs
 * FAILURES_ONE and is half forgotten after FAILURES_HALF_LIFE. The numbers
 * stand in smtpd-auth-control(5).
 */
#ifndef KEEPER_FAILURES_H
#define KEEPER_FAILURES_H

#include "keeper/places.h"
#include "keeper/table.h"

#define FAILURES_ONE 1024u
#define FAILURES_HALF_LIFE 600	   /* seconds */
#define FAILURES_MOST 40u	   /* failures that are kept in mind */
#define FAILURES_LIMIT 20u	   /* failures of an address: no AUTH */
#define FAILURES_ADDRESS_FREE 5u   /* failures without a delay */
#define FAILURES_USER_FREE 10u	   /* the same, of a user */
#define FAILURES_STEP_MS 200u	   /* delay for each failure more */
#define FAILURES_DELAY_MAX_MS 3000 /* and the longest */

struct keeper;

struct failures {
	bool tried;  /* to open the table */
	bool usable; /* it is open */
	struct table table;
	struct places guess; /* a guess has a place until its verdict */
};

enum failures_word {
	FAILURES_PASSES,
	FAILURES_FULL,	 /* failures and waiting guesses reach the limit */
	FAILURES_REFUSES /* the failures alone do */
};

/*
 * Has this address failed so often that a service for logged-in clients has
 * nothing to say to it? Main calls this before the greeting; the table is
 * closed again.
 */
bool failures_turn_away(struct keeper *k);

/* Is AUTH refused to this address now? Asked before a secret is looked at. */
bool failures_refuse(struct keeper *k);

/*
 * May a guess of this address be looked at now? FAILURES_PASSES: then the guess
 * has a place until failures_settle(), so that many guesses at once cannot
 * pass the limit together.
 */
enum failures_word failures_admit(struct keeper *k);
void failures_settle(struct keeper *k);

/*
 * Counts a login that has failed; one that has not counts against nobody.
 * Returns the milliseconds that the answer has to wait: the same for both, so
 * that going away early does not tell which it was.
 */
int64_t failures_count(struct keeper *k, struct slice user, bool failed);

/* --------------------------------------------------- what is counted --- */

extern const struct table_shape failures_shape;

/*
 * What stands against a name, and the same with one failure more, in units of
 * FAILURES_ONE. 0, or -1 with errno and a count of 0.
 */
int failures_look(
	const struct table *t, struct slice name, int64_t now, uint32_t *count);
int failures_add(
	struct table *t, struct slice name, int64_t now, uint32_t *count);

/* Units of FAILURES_ONE as a number of failures, rounded. */
uint32_t failures_number(uint32_t count);

/* Milliseconds that so many failures of an address and a user cost. */
int64_t failures_delay(uint32_t address, uint32_t user);

#endif
