/*
 * environment - what the queue program, the limithook and rcptcheck find in
 * their environment: the launcher's variables, who is logged in, how the client
 * has declared the message, and variables of their own. The keeper's own
 * environment is not changed.
 */
#ifndef KEEPER_ENVIRONMENT_H
#define KEEPER_ENVIRONMENT_H

#include "keeper/keeper.h"

#define ENVIRONMENT_MAX 1024 /* variables */

/* In place of the launcher's variable of this name. */
struct environment_variable {
	const char *name;
	struct slice value;
};

/*
 * Of the launcher's variables, removes what environment_make() sets, for a
 * copy proves nothing, and what is meant for the launcher's own helper for
 * TLS, descriptors and names of keys among it. Run before the fork.
 */
void environment_clear(void);

/*
 * flags: enum channel_flags; own: further variables, or NULL. What is returned
 * stands in static memory, and the next call replaces it. NULL when there are
 * too many variables.
 */
char *const *environment_make(struct keeper *k, unsigned flags,
	const struct environment_variable *own, size_t own_count);

#endif
