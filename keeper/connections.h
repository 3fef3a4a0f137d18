/* connections - how many of an address there may be at once: connlimit. */
#ifndef KEEPER_CONNECTIONS_H
#define KEEPER_CONNECTIONS_H

#include <stdbool.h>

struct keeper;

/*
 * Before the session exists, by main, with the account's rights on files: are
 * there connlimit connections of this address? Else this is one of them, for
 * as long as the keeper lives. Who is exempt stands in the manual.
 */
bool connections_crowded(struct keeper *k);

#endif
