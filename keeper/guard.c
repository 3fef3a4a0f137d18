/*
 * guard - see guard.h. Run by the keeper; guard_turns_away() by main before
 * it forks.
 */
#include "keeper/guard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keeper/counter.h"
#include "keeper/keeper.h"
#include "lib/clock.h"

#define DIRECTORY_MAX 900 /* octets */

static bool
directory(const struct keeper *k, char *out)
{
	return slice_string(k->config->statedir, out, DIRECTORY_MAX) == 0;
}

void
guard_log(struct keeper *k, const char *file, const char *reason)
{
	char path[DIRECTORY_MAX + 64];
	struct buffer b = BUFFER_OVER(path);

	if (k->guard.logged)
		return;
	k->guard.logged = true;
	buffer_add_slice(&b, k->config->statedir);
	buffer_add_char(&b, '/');
	buffer_add_text(&b, file);
	keeper_log_config(
		k, buffer_string(&b) == NULL ? "statedir" : path, reason);
}

bool
guard_open(struct keeper *k, struct table *t, const struct table_shape *shape)
{
	char text[DIRECTORY_MAX];
	const char *reason = "too long";

	if (directory(k, text) &&
		table_open(t, shape, text, true, &reason) == 0)
		return true;
	guard_log(k, shape->name, reason);
	return false;
}

/* At the first AUTH, by when the keeper is the account. */
static bool
open_failures(struct keeper *k)
{
	if (!k->guard.tried)
		k->guard.usable =
			guard_open(k, &k->guard.failures, &counter_shape);
	k->guard.tried = true;
	return k->guard.usable;
}

/* With one failure more, which it does not get. */
static uint32_t
look(struct keeper *k, struct slice name)
{
	uint32_t count;

	if (counter_look(&k->guard.failures, name, clock_seconds(), &count) ==
		-1)
		guard_log(k, counter_shape.name, strerror(errno));
	return count + COUNTER_ONE;
}

static uint32_t
add(struct keeper *k, struct slice name)
{
	uint32_t count;

	if (counter_add(&k->guard.failures, name, clock_seconds(), &count) ==
		-1)
		guard_log(k, counter_shape.name, strerror(errno));
	return count;
}

/* Clients that the launcher vouches for share an address: a webmail. */
static bool
address_name(const struct keeper *k, struct buffer *name)
{
	return !k->config->relayclient_set &&
	       counter_address(name, k->config->remote_ip);
}

static bool
too_many(struct keeper *k)
{
	char text[COUNTER_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);

	uint32_t count;

	if (!address_name(k, &name))
		return false;
	if (counter_look(&k->guard.failures, buffer_slice(&name),
		    clock_seconds(), &count) == -1)
		guard_log(k, counter_shape.name, strerror(errno));
	return counter_failures(count) >= COUNTER_REFUSED;
}

bool
guard_turns_away(struct keeper *k)
{
	char text[DIRECTORY_MAX];
	const char *reason;

	if (!k->config->require_auth || !directory(k, text))
		return false;
	if (table_open(&k->guard.failures, &counter_shape, text, false,
		    &reason) == -1) {
		/* Not there: nobody has failed yet. */
		if (access(text, F_OK) == -1)
			guard_log(k, counter_shape.name, strerror(errno));
		return false;
	}
	bool result = too_many(k);

	table_close(&k->guard.failures);
	return result;
}

bool
guard_refuses(struct keeper *k)
{
	return open_failures(k) && too_many(k);
}

/* One failure more, or none, for address and user. */
static int64_t
outcome(struct keeper *k, struct slice user,
	uint32_t (*count)(struct keeper *k, struct slice name))
{
	char text[COUNTER_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	uint32_t of_address = 0, of_user = 0;

	if (!open_failures(k))
		return 0;
	if (address_name(k, &name))
		of_address = count(k, buffer_slice(&name));
	name.len = 0;
	counter_user(&name, user);
	counter_domain(&name, k->config->authdomain);
	if (user.len > 0 && !name.overflow)
		of_user = count(k, buffer_slice(&name));
	return counter_delay(of_address, of_user);
}

int64_t
guard_failed(struct keeper *k, struct slice user)
{
	return outcome(k, user, add);
}

int64_t
guard_succeeded(struct keeper *k, struct slice user)
{
	return outcome(k, user, look);
}

/* ------------------------------------------------------------- guesses --- */

/* A place of that kind, or a line in the log and none. */
static bool
open_places(struct keeper *k, struct places *p, enum places_kind kind,
	struct slice name)
{
	char text[DIRECTORY_MAX];
	const char *reason = "too long";

	if (directory(k, text) && places_open(p, &k->guard.failures, kind, name,
					  text, &reason) == 0)
		return true;
	guard_log(k, "places", reason);
	return false;
}

/* Nobody counts a failure of the address meanwhile. */
static enum guard_word
take_place(struct keeper *k, uint32_t failures)
{
	struct places *p = &k->guard.guess;
	int others = places_held(p, COUNTER_REFUSED);
	int taken = -1;

	if (others != -1 && failures + (uint32_t)others >= COUNTER_REFUSED)
		return GUARD_FULL;
	if (others != -1)
		taken = places_take(p, COUNTER_REFUSED);
	if (taken == -1)
		guard_log(k, "places", strerror(errno));
	return taken == 0 ? GUARD_FULL : GUARD_PASSES;
}

enum guard_word
guard_admits(struct keeper *k)
{
	char text[COUNTER_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	enum guard_word word = GUARD_REFUSES;
	uint32_t count;

	if (!open_failures(k) || !address_name(k, &name))
		return GUARD_PASSES;
	if (!k->guard.guess.open && !open_places(k, &k->guard.guess,
					    PLACES_GUESS, buffer_slice(&name)))
		return GUARD_PASSES;
	if (counter_hold(&k->guard.failures, buffer_slice(&name),
		    clock_seconds(), &count) == -1) {
		guard_log(k, counter_shape.name, strerror(errno));
		return GUARD_PASSES;
	}
	if (counter_failures(count) < COUNTER_REFUSED)
		word = take_place(k, counter_failures(count));
	table_leave(&k->guard.failures);
	return word;
}

void
guard_settle(struct keeper *k)
{
	places_close(&k->guard.guess);
}

/* --------------------------------------------------------- connections --- */

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
	struct places *p = &k->guard.connection;
	int taken = 1;

	if (!guard_open(k, &k->guard.failures, &counter_shape))
		return true;
	if (open_places(k, p, PLACES_CONNECTION, name))
		taken = places_take(p, k->config->connlimit);
	if (taken == -1)
		guard_log(k, "places", strerror(errno));
	table_close(&k->guard.failures);
	return taken != 0;
}

bool
guard_crowded(struct keeper *k)
{
	char text[COUNTER_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);

	if (!address_name(k, &name) || is_loopback(buffer_slice(&name)))
		return false;
	if (k->config->statedir.data != NULL)
		return !take_connection(k, buffer_slice(&name));
	keeper_log_config(k,
		getenv("CONNLIMIT") == NULL ? "control/connlimit" : "CONNLIMIT",
		"needs statedir");
	return false;
}
