/*
 * balancers - who has to send a PROXY header: the value of PROXYPROTOCOL.
 * Addresses and prefixes, blanks or commas between: 192.0.2.7 10.0.0.0/8
 * 2001:db8::/32; what ::ffff:192.0.2.7 names, 192.0.2.7 names too. Or 1:
 * whoever connects.
 */
#ifndef PROXY_BALANCERS_H
#define PROXY_BALANCERS_H

#include "lib/buffer.h"

/* NULL, or what is wrong with the list: text, which the entry is added to. */
const char *balancers_fault(struct slice list, struct buffer *text);

/* Is it whoever connects? */
bool balancers_are_all(struct slice list);

/* Is it, or does an entry say so of a family, as 0.0.0.0/0 does? */
bool balancers_are_anybody(struct slice list);

/* Is it one of a list without a fault? */
bool balancers_have(struct slice list, struct slice address);

#endif
