/*
 * rights - which of root's rights are missing, said in the words of the log:
 * a container takes away what a jail needs, and errno tells only that.
 */
#ifndef LIB_RIGHTS_H
#define LIB_RIGHTS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The log's words for a step of the jail that failed, with the right that is
 * missing for it where one is; NULL for a number that is no step.
 */
const char *rights_step(unsigned step);

/*
 * May root end a process of another uid? The one right that only the keeper
 * needs, which would see too late that it is missing.
 */
bool rights_may_kill(void);

/* Why root could not become the account: the right, or what errno means. */
const char *rights_account(int error);

/* A right that is missing, of those above; else the call that failed. */
const char *rights_missing(const char *call);

/* Is the one of this number missing, "CAP_X is missing"; or NULL. */
#define RIGHTS_COUNT 4
const char *rights_lacking(size_t number);

#endif
