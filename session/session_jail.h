/* session_jail - the system calls that the session has left. */
#ifndef SESSION_SESSION_JAIL_H
#define SESSION_SESSION_JAIL_H

#include "lib/filter.h"

extern const struct filter_list session_calls;

#endif
