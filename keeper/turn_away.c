/*
 * turn_away - see turn_away.h. Run by main, and at its end by the keeper-to-be.
 */
#include "keeper/turn_away.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/connections.h"
#include "keeper/keeper.h"
#include "lib/standard.h"

#define HELPER_MS 2000

_Noreturn void
turn_away(const struct keeper *k, const char *reply, int exit_code)
{
	/* With TLS from the first byte the client could not read it. */
	if (reply != NULL && (!k->config->smtps || k->config->tls_outside ||
				     k->tls.outside.there)) {
		ssize_t ignored = write(1, reply, strlen(reply));

		(void)ignored;
	}
	standard_end_output(HELPER_MS);
	exit(exit_code);
}

_Noreturn void
turn_away_config(struct keeper *k, const char *file, const char *reason)
{
	keeper_log_config(k, file, reason);
	turn_away(
		k, "421 4.3.0 service not available\r\n", TURN_AWAY_TEMPORARY);
}

_Noreturn void
turn_away_system(struct keeper *k, const char *what)
{
	turn_away_config(k, what, strerror(errno));
}

_Noreturn void
turn_away_late(struct keeper *k, const char *file, const char *reason)
{
	keeper_log_config(k, file, reason);
	_exit(TURN_AWAY_TEMPORARY);
}

/* As the account: the files of statedir are its own. */
static bool
is_crowded(struct keeper *k, const struct identity *account)
{
	static const struct identity root = {0, 0};
	bool isolate = account->uid != 0;

	if (isolate && identity_for_files(account) == -1)
		turn_away_system(k, "setfsuid");
	bool crowded = connections_crowded(k);

	if (isolate && identity_for_files(&root) == -1)
		turn_away_system(k, "setfsuid");
	return crowded;
}

void
turn_away_crowd(struct keeper *k, const struct identity *account)
{
	/* Without statedir a connection stays out of its code: memory.ld. */
	if (k->config->connlimit > 0 && is_crowded(k, account)) {
		keeper_log_connect(k, "connect refused", "connections", NULL);
		turn_away(k, "421 4.7.0 too many connections\r\n", 0);
	}
	if (k->config->statedir.data != NULL && failures_turn_away(k)) {
		keeper_log_connect(k, "connect refused", "limit", NULL);
		turn_away(
			k, "421 4.7.0 too many authentication failures\r\n", 0);
	}
}
