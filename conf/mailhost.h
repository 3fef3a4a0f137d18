/* mailhost - is this a host name, does it resolve, is a port free? */
#ifndef CONF_MAILHOST_H
#define CONF_MAILHOST_H

#include "lib/bytes.h"

/* What is wrong with a host name (lower case), as a phrase; NULL: nothing. */
const char *mailhost_fault(struct slice name);

/* Asks getent(1); true too when that cannot be run. */
bool mailhost_resolves(const char *name);

/* Does something listen on this port, on whatever address? */
bool mailhost_port_taken(unsigned port);

#endif
