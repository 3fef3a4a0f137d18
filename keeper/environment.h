/*
 * environment - what the queue program finds in its environment: the
 * launcher's, what is known of the login, what the message was declared as.
 * Made anew for each message, in place; the keeper's own is not changed.
 */
#ifndef KEEPER_ENVIRONMENT_H
#define KEEPER_ENVIRONMENT_H

#include "keeper/keeper.h"

#define ENVIRONMENT_MAX 1024 /* variables; more of a launcher: refused */

/* flags: enum channel_flags. NULL when there are too many variables. */
char *const *environment_make(struct keeper *k, unsigned flags);

#endif
