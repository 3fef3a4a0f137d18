/* as_account - what the account may do, asked with its rights. */
#ifndef CHECK_AS_ACCOUNT_H
#define CHECK_AS_ACCOUNT_H

#include "check/check.h"

/*
 * Runs ask() with the account's rights in a process of its own. Returns its
 * result, 0 to 255, or -1 when there is no such process. As it is when we
 * are not root.
 */
int as_account(
	const struct check *c, int (*ask)(const void *what), const void *what);

/* For as_account(): is this path one that it can run, or read? 1 or 0. */
int as_account_runs(const void *path);
int as_account_reads(const void *path);

#endif
