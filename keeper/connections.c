/* connections - see connections.h. Run by main before it forks. */
#include "keeper/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "keeper/keeper.h"

/* The own programs of this host share one address. */
static bool
is_loopback(struct slice name)
{
	static const char one[] = "6\0\0\0\0\0\0\0\0";

	return (name.len > 1 && name.data[0] == '4' && name.data[1] == 127) ||
	       slice_equal(name, (struct slice){one, sizeof one - 1});
}

static bool
take_connection(struct keeper *k, struct slice name)
{
	struct places *p = &k->statedir.connection;
	int taken = 1;

	if (!statedir_open(k, &k->statedir.failures.table, &failures_shape))
		return true;
	if (statedir_open_places(k, p, PLACES_CONNECTION, name))
		taken = places_take(p, k->config->connlimit);
	if (taken == -1)
		statedir_log(k, "places", strerror(errno));
	table_close(&k->statedir.failures.table);
	return taken != 0;
}

bool
connections_crowded(struct keeper *k)
{
	char text[STATEDIR_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);

	if (!statedir_client(k, &name) || is_loopback(buffer_slice(&name)))
		return false;
	if (k->config->statedir.data != NULL)
		return !take_connection(k, buffer_slice(&name));
	keeper_log_config(k,
		getenv("CONNLIMIT") == NULL ? "control/connlimit" : "CONNLIMIT",
		"needs statedir");
	return false;
}
