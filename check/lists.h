/* lists - entries that can never match. */
#ifndef CHECK_LISTS_H
#define CHECK_LISTS_H

#include "check/check.h"

/* Those of one user's senders. */
void lists_senders(struct check *c, struct slice login, struct slice senders);

#endif
