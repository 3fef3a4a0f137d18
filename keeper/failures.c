/* failures - see failures.h. Run by the keeper, and by main before it forks. */
#include "keeper/failures.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keeper/keeper.h"
#include "lib/clock.h"

#define SKEW 60	    /* seconds that a clock may be set back */
#define HALVINGS 32 /* until nothing is left of 32 bits */

struct record {
	int64_t time; /* of the last failure */
	uint32_t count;
	uint32_t unused;
};

/*
 * What is left of a count. Between two halvings in a straight line, which is
 * never more than 6 % above the curve.
 */
static uint32_t
decayed(const struct record *r, int64_t now)
{
	int64_t age = now - r->time;

	/* From a future that the clock has been set back from. */
	if (age < -SKEW || age / FAILURES_HALF_LIFE >= HALVINGS)
		return 0;
	if (age < 0)
		age = 0;
	uint64_t count = r->count >> (age / FAILURES_HALF_LIFE);

	count -= count * (uint64_t)(age % FAILURES_HALF_LIFE) /
		 (2 * FAILURES_HALF_LIFE);
	return (uint32_t)count;
}

static uint64_t
weight(const void *octets, int64_t now)
{
	struct record r;

	memcpy(&r, octets, sizeof r);
	return decayed(&r, now);
}

/* 16,384 names, half a megabyte. */
const struct table_shape failures_shape = {
	"failures", 1024, 16, sizeof(struct record), weight};

int
failures_look(
	const struct table *t, struct slice name, int64_t now, uint32_t *count)
{
	struct record r;
	int result = table_look(t, name, &r);

	*count = result == 0 ? decayed(&r, now) : 0;
	return result;
}

/* As failures_look(), and nobody adds to it until table_leave(). */
static int
hold(struct table *t, struct slice name, int64_t now, uint32_t *count)
{
	struct record r;
	int result = table_take(t, name, now, &r);

	*count = result == 0 ? decayed(&r, now) : 0;
	return result;
}

int
failures_add(struct table *t, struct slice name, int64_t now, uint32_t *count)
{
	struct record r;

	if (hold(t, name, now, count) == -1)
		return -1;
	*count += FAILURES_ONE;
	if (*count > FAILURES_MOST * FAILURES_ONE)
		*count = FAILURES_MOST * FAILURES_ONE;
	r = (struct record){now, *count, 0};
	if (table_put(t, &r) == 0)
		return 0;
	*count = 0;
	return -1;
}

uint32_t
failures_number(uint32_t count)
{
	return count / FAILURES_ONE +
	       (count % FAILURES_ONE >= FAILURES_ONE / 2);
}

static int64_t
delay(uint32_t count, uint32_t free_of_charge)
{
	uint32_t failures = failures_number(count);
	int64_t ms = 0;

	if (failures > free_of_charge)
		ms = (int64_t)(failures - free_of_charge) * FAILURES_STEP_MS;
	return ms < FAILURES_DELAY_MAX_MS ? ms : FAILURES_DELAY_MAX_MS;
}

int64_t
failures_delay(uint32_t address, uint32_t user)
{
	int64_t a = delay(address, FAILURES_ADDRESS_FREE);
	int64_t b = delay(user, FAILURES_USER_FREE);

	return a > b ? a : b;
}

/* ----------------------------------------------------- of a connection --- */

/* At the first AUTH, by when the keeper is the account. */
static bool
open_failures(struct keeper *k)
{
	if (!k->statedir.failures.tried)
		k->statedir.failures.usable = statedir_open(
			k, &k->statedir.failures.table, &failures_shape);
	k->statedir.failures.tried = true;
	return k->statedir.failures.usable;
}

/* What stands against a name; failed: with one failure more from now on. */
static uint32_t
look(struct keeper *k, struct slice name, bool failed)
{
	struct table *t = &k->statedir.failures.table;
	int64_t now = clock_seconds();
	uint32_t count;

	if ((failed ? failures_add(t, name, now, &count)
		    : failures_look(t, name, now, &count)) == -1)
		statedir_log(k, failures_shape.name, strerror(errno));
	return count;
}

static bool
too_many(struct keeper *k)
{
	char text[STATEDIR_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);

	return statedir_client(k, &name) &&
	       failures_number(look(k, buffer_slice(&name), false)) >=
		       FAILURES_LIMIT;
}

bool
failures_turn_away(struct keeper *k)
{
	char path[STATEDIR_PATH_MAX];
	const char *reason;

	if (!k->config->require_auth || !statedir_path(k, path))
		return false;
	if (table_open(&k->statedir.failures.table, &failures_shape, path,
		    false, &reason) == -1) {
		/* Not there: nobody has failed yet. */
		if (access(path, F_OK) == -1)
			statedir_log(k, failures_shape.name, strerror(errno));
		return false;
	}
	bool result = too_many(k);

	table_close(&k->statedir.failures.table);
	return result;
}

bool
failures_refuse(struct keeper *k)
{
	return open_failures(k) && too_many(k);
}

int64_t
failures_count(struct keeper *k, struct slice user, bool failed)
{
	char text[STATEDIR_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	uint32_t of_address = 0, of_user = 0;
	uint32_t spared = failed ? 0 : FAILURES_ONE; /* of who is counted */

	if (!open_failures(k))
		return 0;
	if (statedir_client(k, &name))
		of_address = look(k, buffer_slice(&name), failed) + spared;
	name.len = 0;
	statedir_user(&name, user);
	statedir_domain(&name, k->config->authdomain);
	if (user.len > 0 && !name.overflow)
		of_user = look(k, buffer_slice(&name), failed) + spared;
	return failures_delay(of_address, of_user);
}

/* ------------------------------------------------------------- guesses --- */

/* The record of the address is locked: nobody counts a failure meanwhile. */
static enum failures_word
take_place(struct keeper *k, uint32_t failures)
{
	struct places *p = &k->statedir.failures.guess;
	int others = places_held(p, FAILURES_LIMIT);
	int taken = -1;

	if (others != -1 && failures + (uint32_t)others >= FAILURES_LIMIT)
		return FAILURES_FULL;
	if (others != -1)
		taken = places_take(p, FAILURES_LIMIT);
	if (taken == -1)
		statedir_log(k, "places", strerror(errno));
	return taken == 0 ? FAILURES_FULL : FAILURES_PASSES;
}

enum failures_word
failures_admit(struct keeper *k)
{
	char text[STATEDIR_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	enum failures_word word = FAILURES_REFUSES;
	uint32_t count;

	if (!open_failures(k) || !statedir_client(k, &name))
		return FAILURES_PASSES;
	if (!k->statedir.failures.guess.open &&
		!statedir_open_places(k, &k->statedir.failures.guess,
			PLACES_GUESS, buffer_slice(&name)))
		return FAILURES_PASSES;
	if (hold(&k->statedir.failures.table, buffer_slice(&name),
		    clock_seconds(), &count) == -1) {
		statedir_log(k, failures_shape.name, strerror(errno));
		return FAILURES_PASSES;
	}
	if (failures_number(count) < FAILURES_LIMIT)
		word = take_place(k, failures_number(count));
	table_leave(&k->statedir.failures.table);
	return word;
}

void
failures_settle(struct keeper *k)
{
	places_close(&k->statedir.failures.guess);
}
