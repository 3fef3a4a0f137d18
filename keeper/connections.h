/* connections - how many an address may have at once: connlimit. */
#ifndef KEEPER_CONNECTIONS_H
#define KEEPER_CONNECTIONS_H

#include <stdbool.h>

struct keeper;

/*
 * Are there connlimit connections of this address already? If not, this one
 * is counted as long as the keeper lives. Main calls this before there is a
 * session, with the account's rights on files. The manual says which clients
 * are exempt.
 */
bool connections_crowded(struct keeper *k);

#endif
