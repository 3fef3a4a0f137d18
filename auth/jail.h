/* jail - the system calls that an authenticator has left. */
#ifndef AUTH_JAIL_H
#define AUTH_JAIL_H

#include "lib/filter.h"

extern const struct filter_list authenticator_calls;

#endif
