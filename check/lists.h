/* lists - entries that can never match. */
#ifndef CHECK_LISTS_H
#define CHECK_LISTS_H

#include "check/check.h"

/* One of a file, whose faults are counted: ten are shown. */
void lists_report(struct check *c, const char *where, struct slice entry,
	const char *fault, unsigned *count);

/* Those of one user's senders. */
void lists_senders(struct check *c, struct slice login, struct slice senders);

#endif
