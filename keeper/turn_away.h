/*
 * turn_away - a connection that ends before there is a session: the log says
 * why, the client gets one reply, and the program ends.
 */
#ifndef KEEPER_TURN_AWAY_H
#define KEEPER_TURN_AWAY_H

#include "lib/identity.h"

#define TURN_AWAY_TEMPORARY 111 /* exit code where the set-up is at fault */

struct keeper;

/* With this reply, CR LF included; NULL: without one. */
_Noreturn void turn_away(
	const struct keeper *k, const char *reply, int exit_code);

/* The set-up is at fault: logs that, says 421, exits 111. */
_Noreturn void turn_away_config(
	struct keeper *k, const char *file, const char *reason);
/* The same with the reason that errno tells. */
_Noreturn void turn_away_system(struct keeper *k, const char *what);
/*
 * After the fork, in what cannot be the keeper: logs that and exits 111; the
 * session sees its end, and tells the client.
 */
_Noreturn void turn_away_late(
	struct keeper *k, const char *file, const char *reason);

/*
 * Returns, unless too many connections are open at once for this client, or
 * it has failed to log in too often. account: whose the files of statedir
 * are; root where nobody else is become.
 */
void turn_away_crowd(struct keeper *k, const struct identity *account);

#endif
