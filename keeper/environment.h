/*
 * environment - what the queue program and the limithook find in their
 * environment: the launcher's variables, who is logged in, and how the client
 * has declared the message. The keeper's own environment is not changed.
 */
#ifndef KEEPER_ENVIRONMENT_H
#define KEEPER_ENVIRONMENT_H

#include "keeper/keeper.h"

#define ENVIRONMENT_MAX 1024 /* variables */

/*
 * Of the launcher's variables, removes what environment_make() sets: a copy
 * proves nothing. Run before the fork.
 */
void environment_clear(void);

/*
 * flags: enum channel_flags. What is returned stands in static memory, and the
 * next call replaces it. NULL when the launcher has set too many variables.
 */
char *const *environment_make(struct keeper *k, unsigned flags);

#endif
