/* hostname - the form of host names; none is looked up. */
#ifndef LIB_HOSTNAME_H
#define LIB_HOSTNAME_H

#include "lib/bytes.h"

#define HOSTNAME_MAX 253 /* octets, RFC 1035 §2.3.4 */

/* One label, lower case: letters, digits, hyphens inside (RFC 1123 §2.1). */
bool hostname_is_label(struct slice label);

/*
 * The domain that a host's addresses have: its name without the first label,
 * unless that leaves one label alone.
 */
const char *hostname_domain(const char *name);

#endif
