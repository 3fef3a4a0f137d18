/*
 * recipients - relaylimits: recipients of a login within a rolling day, in a
 * table that all connections share. A recipient is counted when it is
 * accepted, so that many connections at once get no more than one would, and
 * is taken off again when its message is not queued. The callers see to it
 * that there are relaylimits.
 */
#ifndef KEEPER_RECIPIENTS_H
#define KEEPER_RECIPIENTS_H

#include "keeper/table.h"

struct keeper;

struct recipients {
	bool tried;  /* to open the table */
	bool usable; /* it is open */
	bool logged; /* that the limit was passed */
	uint64_t most;
	uint64_t taken; /* of the open message */
	struct table table;
};

/*
 * May who is logged in have one recipient more? If so, counts it; if not, logs
 * that, and the first time runs the limithook.
 */
bool recipients_allow(struct keeper *k, struct slice recipient);

void recipients_queued(struct keeper *k);    /* the message was queued */
void recipients_give_back(struct keeper *k); /* it will never be queued */
void recipients_uncount(struct keeper *k); /* the last was refused after all */

/* --------------------------------------------------- what is counted --- */

/* 24 counts, one an hour: the current one and the 23 before it. */
#define RECIPIENTS_HOURS 24

extern const struct table_shape recipients_shape;

enum recipients_result {
	RECIPIENTS_FREE,  /* within the limit, and counted */
	RECIPIENTS_FIRST, /* over the limit, for the first time within a day */
	RECIPIENTS_OVER,
	RECIPIENTS_BROKEN /* errno */
};

/* One recipient more, if it is within the limit. */
enum recipients_result recipients_take(
	struct table *t, struct slice login, uint64_t limit, int64_t now);

/* Takes so many recipients off the count again. 0, or -1 with errno. */
int recipients_return(
	struct table *t, struct slice login, uint64_t count, int64_t now);

#endif
