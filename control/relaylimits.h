/*
 * relaylimits - how many recipients a day a login may have: user:N, and :N
 * for all others; 0 is no limit.
 */
#ifndef CONTROL_RELAYLIMITS_H
#define CONTROL_RELAYLIMITS_H

#include "control/control.h"

/* NULL, or what is wrong with the list. */
const char *relaylimits_fault(const struct control_list *list);

/* The limit of a login, without case; 0: none. */
uint64_t relaylimits_find(const struct control_list *list, struct slice login);

#endif
