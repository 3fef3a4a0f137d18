/* recipients - see recipients.h. Run by the keeper. */
#include "keeper/recipients.h"

#include <errno.h>
#include <string.h>

#include "control/relaylimits.h"
#include "keeper/keeper.h"
#include "keeper/limithook.h"
#include "lib/clock.h"

#define HOUR 3600
#define DAY (RECIPIENTS_HOURS * HOUR)

struct record {
	int64_t hour;			   /* since 1970, the newest counted */
	int64_t told;			   /* seconds since 1970; 0: not */
	uint32_t counts[RECIPIENTS_HOURS]; /* by hour % RECIPIENTS_HOURS */
};

/*
 * Forgets what is older than a day. A clock that was set back by less goes
 * on in the newest hour; by more, the record is from a future that is none.
 */
static void
roll(struct record *r, int64_t now)
{
	int64_t hour = now < 0 ? 0 : now / HOUR;

	if (r->hour <= hour - RECIPIENTS_HOURS ||
		r->hour >= hour + RECIPIENTS_HOURS) {
		memset(r->counts, 0, sizeof r->counts);
		r->hour = hour;
	}
	while (r->hour < hour)
		r->counts[++r->hour % RECIPIENTS_HOURS] = 0;
	if (r->told > now + DAY)
		r->told = 0;
}

static uint64_t
sum(const struct record *r)
{
	uint64_t all = 0;

	for (size_t i = 0; i < RECIPIENTS_HOURS; i++)
		all += r->counts[i];
	return all;
}

static uint64_t
weight(const void *octets, int64_t now)
{
	struct record r;

	memcpy(&r, octets, sizeof r);
	roll(&r, now);
	return sum(&r);
}

/* 32,768 logins, four megabytes, of which a login takes 128 octets. */
const struct table_shape recipients_shape = {
	"recipients", 4096, 8, sizeof(struct record), weight};

enum recipients_result
recipients_take(
	struct table *t, struct slice login, uint64_t limit, int64_t now)
{
	enum recipients_result result = RECIPIENTS_FREE;
	struct record r;

	if (table_take(t, login, now, &r) == -1)
		return RECIPIENTS_BROKEN;
	roll(&r, now);
	uint32_t *count = &r.counts[r.hour % RECIPIENTS_HOURS];

	if (sum(&r) < limit && *count < UINT32_MAX) {
		++*count;
	} else if (r.told != 0 && r.told > now - DAY) {
		result = RECIPIENTS_OVER;
	} else {
		r.told = now;
		result = RECIPIENTS_FIRST;
	}
	return table_put(t, &r) == -1 ? RECIPIENTS_BROKEN : result;
}

int
recipients_return(
	struct table *t, struct slice login, uint64_t count, int64_t now)
{
	struct record r;

	if (table_take(t, login, now, &r) == -1)
		return -1;
	roll(&r, now);
	/* Counted in this hour, or in the one in which the message began. */
	for (int64_t i = 0; i < RECIPIENTS_HOURS; i++) {
		uint32_t *hour = &r.counts[(r.hour - i + RECIPIENTS_HOURS) %
					   RECIPIENTS_HOURS];
		uint32_t part = count < *hour ? (uint32_t)count : *hour;

		*hour -= part;
		count -= part;
	}
	return table_put(t, &r);
}

/* ----------------------------------------------------- of a connection --- */

/* The name that the login is counted and listed under. */
static struct slice
counted_name(const struct keeper *k, struct buffer *name)
{
	buffer_add_text(name, login_user(k));
	statedir_domain(name, k->config->authdomain);
	return buffer_slice(name);
}

static bool
open_counts(struct keeper *k)
{
	char text[STATEDIR_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	struct recipients *r = &k->statedir.recipients;

	if (r->tried)
		return r->usable;
	r->tried = true;
	r->most = relaylimits_find(
		&k->config->relaylimits, counted_name(k, &name));
	if (r->most == 0)
		return false;
	if (k->config->statedir.data == NULL)
		keeper_log_config(
			k, "control/relaylimits", "needs control/statedir");
	else
		r->usable = statedir_open(k, &r->table, &recipients_shape);
	return r->usable;
}

static void
log_limit(struct keeper *k, struct slice recipient)
{
	struct log_line line;

	if (k->statedir.recipients.logged)
		return;
	k->statedir.recipients.logged = true;
	log_start(&line, &k->log, "rcpt refused");
	log_value(&line, "rcpt", recipient);
	log_text(&line, "reason", "limit");
	log_text(&line, "user", login_user(k));
	log_number(&line, "limit", k->statedir.recipients.most);
	keeper_log(k, &line);
}

bool
recipients_allow(struct keeper *k, struct slice recipient)
{
	char text[STATEDIR_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	struct recipients *r = &k->statedir.recipients;

	if (!open_counts(k))
		return true;
	enum recipients_result result = recipients_take(
		&r->table, counted_name(k, &name), r->most, clock_seconds());

	if (result == RECIPIENTS_BROKEN) {
		statedir_log(k, recipients_shape.name, strerror(errno));
		return true;
	}
	if (result == RECIPIENTS_FREE) {
		r->taken++;
		return true;
	}
	log_limit(k, recipient);
	if (result == RECIPIENTS_FIRST)
		limithook_run(k, r->most);
	return false;
}

void
recipients_queued(struct keeper *k)
{
	k->statedir.recipients.taken = 0;
}

/* Takes so many recipients off the login's count again. */
static void
give_back(struct keeper *k, uint64_t count)
{
	char text[STATEDIR_NAME_MAX];
	struct buffer name = BUFFER_OVER(text);
	struct recipients *r = &k->statedir.recipients;

	if (count > 0 && recipients_return(&r->table, counted_name(k, &name),
				 count, clock_seconds()) == -1)
		statedir_log(k, recipients_shape.name, strerror(errno));
	r->taken -= count;
}

void
recipients_give_back(struct keeper *k)
{
	give_back(k, k->statedir.recipients.taken);
}

void
recipients_uncount(struct keeper *k)
{
	/* Where the table could not be used, none was taken. */
	give_back(k, k->statedir.recipients.taken > 0);
}
