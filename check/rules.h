/* rules - what tcp.rules makes different for an address. */
#ifndef CHECK_RULES_H
#define CHECK_RULES_H

#include "check/check.h"

#define RULES_LINE 4096 /* octets of a line */

/* Is it the line for all addresses that have no other? */
bool rules_is_default(const char *line);

/* A command that edits it by sed(1), and compiles it. */
const char *rules_recompiled(const struct check *c, const char *edit);

/* Has it, or from/, a line of this address, or of any (NULL), that sets it? */
bool rules_exempt(const char *address, const char *variable);

#endif
