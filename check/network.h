/* network - where the service is reached. */
#ifndef CHECK_NETWORK_H
#define CHECK_NETWORK_H

#include "check/check.h"

/* Its address, seen from this host. */
const char *network_local_address(const struct check *c);

#endif
