/*
 * balancers - who has to send a PROXY header: the value of PROXYPROTOCOL.
 * Addresses and prefixes, blanks or commas between: 192.0.2.7 10.0.0.0/8
 * 2001:db8::/32; what ::ffff:192.0.2.7 names, 192.0.2.7 names too. Or 1:
 * whoever connects.
 */
#ifndef PROXY_BALANCERS_H
#define PROXY_BALANCERS_H

#include "lib/buffer.h"

/* NULL, or what is wrong with the list: a text that may stand in *text. */
const char *balancers_fault(struct slice list, struct buffer *text);

/* Is the list 1: whoever connects? */
bool balancers_are_all(struct slice list);

/* Is the list 1, or has it a prefix of no bits, as 0.0.0.0/0: anybody? */
bool balancers_are_anybody(struct slice list);

/* Is the address in a list without a fault? */
bool balancers_have(struct slice list, struct slice address);

#endif
