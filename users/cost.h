/*
 * cost - what trying a password against a crypt(5) string would cost.
 *
 * A stored string with an absurd cost would be a way to stop the service by
 * one line of the user file; libxcrypt does not look.
 */
#ifndef USERS_COST_H
#define USERS_COST_H

#include "lib/bytes.h"

#define COST_MEMORY_MAX ((uint64_t)64 << 20) /* octets */

/*
 * May the string be tried? False also for a method whose cost is not known
 * here, and for parameters that cannot be read.
 */
bool cost_is_sane(struct slice text);

/* Octets of memory of a method that is meant to take much; of others 0. */
uint64_t cost_memory(struct slice text);

#endif
