/*
 * privileges - root's, which the keeper gives up after the fork: the account
 * that it becomes, and how its children are kept apart from it.
 */
#ifndef KEEPER_PRIVILEGES_H
#define KEEPER_PRIVILEGES_H

#include "control/options.h"
#include "lib/identity.h"

struct keeper;

/*
 * Before the fork: finds the account and prepares the keeper's jail. Ids of 0:
 * nobody else is become. Does not return where that cannot be done.
 */
void privileges_prepare(struct keeper *k, const struct options *options,
	struct identity *account);

/*
 * After it, in the keeper: from root to the account. The rights that
 * authenticators' jails need are kept.
 */
void privileges_drop(
	struct keeper *k, const char *name, const struct identity *account);

#endif
