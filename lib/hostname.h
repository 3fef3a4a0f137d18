/* hostname - the form of host names; none is looked up. */
#ifndef LIB_HOSTNAME_H
#define LIB_HOSTNAME_H

#include "lib/bytes.h"

/* One label, lower case: letters, digits, hyphens inside (RFC 1123 §2.1). */
bool hostname_is_label(struct slice label);

#endif
