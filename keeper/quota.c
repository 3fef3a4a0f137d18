/* quota - see quota.h. Run by the keeper. */
#include "keeper/quota.h"

#include <string.h>

#define HOUR 3600
#define DAY (QUOTA_HOURS * HOUR)

struct record {
	int64_t hour;		      /* since 1970, the newest counted */
	int64_t told;		      /* seconds since 1970; 0: not */
	uint32_t counts[QUOTA_HOURS]; /* by hour % QUOTA_HOURS */
};

/*
 * Forgets what is older than a day. A clock that was set back by less goes
 * on in the newest hour; by more, the record is from a future that is none.
 */
static void
roll(struct record *r, int64_t now)
{
	int64_t hour = now < 0 ? 0 : now / HOUR;

	if (r->hour <= hour - QUOTA_HOURS || r->hour >= hour + QUOTA_HOURS) {
		memset(r->counts, 0, sizeof r->counts);
		r->hour = hour;
	}
	while (r->hour < hour)
		r->counts[++r->hour % QUOTA_HOURS] = 0;
	if (r->told > now + DAY)
		r->told = 0;
}

static uint64_t
sum(const struct record *r)
{
	uint64_t all = 0;

	for (size_t i = 0; i < QUOTA_HOURS; i++)
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
const struct table_shape quota_shape = {
	"recipients", 4096, 8, sizeof(struct record), weight};

enum quota_result
quota_take(struct table *t, struct slice login, uint64_t limit, int64_t now)
{
	enum quota_result result = QUOTA_FREE;
	struct record r;

	if (table_take(t, login, now, &r) == -1)
		return QUOTA_BROKEN;
	roll(&r, now);
	uint32_t *count = &r.counts[r.hour % QUOTA_HOURS];

	if (sum(&r) < limit && *count < UINT32_MAX) {
		++*count;
	} else if (r.told != 0 && r.told > now - DAY) {
		result = QUOTA_OVER;
	} else {
		r.told = now;
		result = QUOTA_FIRST;
	}
	return table_put(t, &r) == -1 ? QUOTA_BROKEN : result;
}

int
quota_give_back(
	struct table *t, struct slice login, uint64_t count, int64_t now)
{
	struct record r;

	if (table_take(t, login, now, &r) == -1)
		return -1;
	roll(&r, now);
	/* They are of this hour, or of the one in which the message began. */
	for (int64_t i = 0; i < QUOTA_HOURS; i++) {
		uint32_t *hour =
			&r.counts[(r.hour - i + QUOTA_HOURS) % QUOTA_HOURS];
		uint32_t part = count < *hour ? (uint32_t)count : *hour;

		*hour -= part;
		count -= part;
	}
	return table_put(t, &r);
}
