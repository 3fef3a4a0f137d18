/*
 * limit - relaylimits for one connection. A recipient is counted when it is
 * accepted, so that many connections at once cannot have more than one could,
 * and given back when its message is not queued. To be called only where
 * there are relaylimits: without them not a page of this is touched.
 */
#ifndef KEEPER_LIMIT_H
#define KEEPER_LIMIT_H

#include "keeper/table.h"

struct keeper;

struct limit {
	bool tried;  /* to open the counts */
	bool usable; /* they are open */
	bool logged; /* that it was passed */
	uint64_t most;
	uint64_t taken; /* recipients of the open message */
	struct table recipients;
};

/* One recipient more of who is logged in? Counts it. A limit passed is logged,
 * the hook run. */
bool limit_allows(struct keeper *k, struct slice recipient);

void limit_queued(struct keeper *k);	/* the message was */
void limit_give_back(struct keeper *k); /* it was not, or never will be */

#endif
