/*
 * authenticator_jail - how an authenticator enters its jail, and the system
 * calls that it has left.
 */
#ifndef AUTH_AUTHENTICATOR_JAIL_H
#define AUTH_AUTHENTICATOR_JAIL_H

#include "lib/filter.h"
#include "lib/jail.h"

extern const struct filter_list authenticator_calls;

/* The descriptors in there: the keeper's socket, and one thing more. */
enum { AUTHENTICATOR_KEEPER, AUTHENTICATOR_OTHER, AUTHENTICATOR_FDS };

/*
 * Descriptors 0 and 1 become the keeper and the other thing, which is the
 * keeper once more where other is -1; no other stays. Then the jail, as outer
 * has it. Returns NULL, or the step that failed, with errno.
 */
const char *authenticator_jail_enter(
	int keeper, int other, const struct jail *outer);

#endif
