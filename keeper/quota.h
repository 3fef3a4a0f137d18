/*
 * quota - recipients of a login within a rolling day, in a table that all
 * connections share: 24 counts, one an hour. The day is the current hour and
 * the 23 before it.
 */
#ifndef KEEPER_QUOTA_H
#define KEEPER_QUOTA_H

#include "keeper/table.h"

#define QUOTA_HOURS 24

extern const struct table_shape quota_shape;

enum quota_result {
	QUOTA_FREE,  /* and counted */
	QUOTA_FIRST, /* over it, for the first time within a day */
	QUOTA_OVER,
	QUOTA_BROKEN /* errno */
};

/* One recipient more, if it is within the limit. */
enum quota_result quota_take(
	struct table *t, struct slice login, uint64_t limit, int64_t now);

/* So many of them were not queued. 0, or -1 with errno. */
int quota_give_back(
	struct table *t, struct slice login, uint64_t count, int64_t now);

#endif
