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
 * Removes two kinds of variables that the launcher has set: those that
 * environment_make() sets, since only ours may be believed; and those for the
 * launcher's own TLS helper, such as descriptors and names of key files. Main
 * calls this before the fork.
 */
void environment_clear(void);

/*
 * flags: enum channel_flags; own: further variables, or NULL. The result stands
 * in static memory, and the next call replaces it. NULL when there are too many
 * variables.
 */
char *const *environment_make(struct keeper *k, unsigned flags,
	const struct environment_variable *own, size_t own_count);

#endif
