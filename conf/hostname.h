/* host - is this a host name, does it resolve, is a port free? */
#ifndef CONF_HOSTNAME_H
#define CONF_HOSTNAME_H

#include "lib/bytes.h"

#define HOST_NAME_MAX_LEN 253 /* octets */

/* What is wrong with a host name (lower case), as a phrase; NULL: nothing. */
const char *host_fault(struct slice name);

/*
 * The domain that addresses have: without the first label, unless that
 * leaves one label alone.
 */
const char *host_domain(const char *name);

/* Asks getent(1); true too when that cannot be run. */
bool host_resolves(const char *name);

/* Does something listen on this port, on whatever address? */
bool host_port_taken(unsigned port);

#endif
