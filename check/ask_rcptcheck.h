/* ask_rcptcheck - runs the program of rcptcheck as the keeper does. */
#ifndef CHECK_ASK_RCPTCHECK_H
#define CHECK_ASK_RCPTCHECK_H

#include "check/check.h"

#define ASK_RCPTCHECK_MS 10000

/*
 * Asks it, with the account's rights, about a recipient. Returns what it has
 * answered, as a phrase that begins with "accepted", "refused" or "no answer".
 */
const char *ask_rcptcheck(
	const struct check *c, const char *path, const char *recipient);

#endif
