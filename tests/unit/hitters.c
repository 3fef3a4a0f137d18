/* Unit test of report/hitters.c, spread.c and hours.c: counts in a fixed size.
 */
#include "report/hitters.h"

#include <stdlib.h>
#include <time.h>

#include "report/hours.h"
#include "report/spread.h"
#include "tests/tap.h"

static void
add(struct hitters *h, const char *what, unsigned number, uint64_t weight)
{
	char name[300];

	(void)snprintf(name, sizeof name, "%s%u", what, number);
	(void)hitters_add(h, slice_of(name), weight);
}

static void
test_hitters(void)
{
	struct hitters h;
	const void *rows[4];

	ok(hitters_init(&h, sizeof(struct hitter), 64) == 0, "made");
	for (unsigned i = 0; i < 64; i++)
		add(&h, "n", i, i + 1);
	ok(h.count == 64 && h.missed == 0, "as many as there is room for");
	for (unsigned i = 0; i < 100000; i++) {
		add(&h, "once", i, 1);
		if (i % 10 == 0)
			add(&h, "often", 0, 1);
	}
	ok(h.count <= 64, "never more");
	ok(hitters_top(&h, hitters_weight, rows, 4) == 4, "the first four");
	ok(slice_is(hitters_key(rows[0]), "often0"), "the one that came often");
	const struct hitter *often = rows[0];

	ok(often->weight <= 10000 && often->weight + often->missed >= 10000,
		"with its weight, and what may be missing");
	ok(often->missed <= (64 * 65 / 2 + 110000) / 48, "which is not much");
	ok(h.missed > 0, "it knows that names were dropped");
	ok(hitters_find(&h, slice_of("often0")) == rows[0], "found by name");
	ok(hitters_find(&h, slice_of("nobody")) == NULL, "or not");
	char long_name[400];

	memset(long_name, 'x', sizeof long_name);
	struct slice name = {long_name, sizeof long_name};

	ok(hitters_add(&h, name, 5) == hitters_find(&h, name), "a long name");
	ok(hitters_key(hitters_find(&h, name)).len == HITTERS_KEY, "is cut");
	ok(hitters_add(&h, slice_of(""), 1) != NULL, "an empty one");
}

static void
test_spread(void)
{
	static struct spread s, t;

	ok(spread_below(&s, 500) == 0, "of nothing");
	for (uint64_t i = 1; i <= 1000; i++)
		spread_add(&s, i);
	uint64_t median = spread_below(&s, 500), high = spread_below(&s, 990);

	ok(median >= 500 && median < 532, "the median, to 6 of 100");
	ok(high >= 990 && high <= 1000, "99 of 100, not over the largest");
	ok(spread_below(&s, 1000) == 1000, "the largest");
	ok(s.sum == 500500 && s.count == 1000, "sum and number");
	ok(spread_between(&s, 0, 512) == 511 &&
			spread_between(&s, 512, UINT64_MAX) == 489,
		"in parts");
	spread_add(&t, 0);
	spread_add(&t, UINT64_MAX);
	ok(spread_below(&t, 500) == 0 && spread_below(&t, 999) == UINT64_MAX,
		"the least and the largest number");
	ok(spread_between(&t, 0, UINT64_MAX) == 2, "are counted");
}

static uint64_t
sum(const struct hours *h)
{
	uint64_t all = 0;

	for (size_t i = 0; i < h->count; i++)
		all += h->slots[i].counts[HOURS_LOGINS];
	return all;
}

static void
test_hours(void)
{
	static struct hours h, back;
	static struct hours_bars bars;
	const int64_t day = 86400, start = 1795737600;

	for (int64_t i = 0; i < 24; i++)
		hours_add(&h, start + i * 3600, HOURS_LOGINS);
	hours_bars(&h, start, start + day - 1, &bars);
	ok(bars.count == 24 && bars.width == 3600 && bars.start == start &&
			bars.most[HOURS_LOGINS] == 1,
		"a day in hours");
	hours_add(&h, start + 1000 * day, HOURS_LOGINS);
	ok(sum(&h) == 25 && h.width > 3600, "years fit, in wider slots");
	hours_add(&h, start - 4000 * day, HOURS_LOGINS);
	ok(sum(&h) == 26 && h.count <= HOURS_SLOTS, "backwards, too");
	hours_bars(&h, start - 4000 * day, start + 1000 * day, &bars);
	uint64_t all = 0;

	for (size_t i = 0; i < bars.count; i++)
		all += bars.slots[i].counts[HOURS_LOGINS];
	ok(bars.count <= HOURS_BARS && all == 26, "all in the picture");
	for (int64_t i = 5000; i > 0; i--)
		hours_add(&back, start + i * 3600, HOURS_LOGINS);
	ok(sum(&back) == 5000, "a log in the wrong order");
	hours_add(&back, INT64_C(40) * UINT32_MAX, HOURS_LOGINS);
	hours_add(&back, 0, HOURS_LOGINS);
	ok(sum(&back) == 5002, "the ends of time");
	hours_bars(&back, 0, INT64_C(40) * UINT32_MAX, &bars);
	ok(bars.count <= HOURS_BARS, "have a picture");
}

int
main(void)
{
	(void)setenv("TZ", "UTC", 1);
	tzset();
	test_hitters();
	test_spread();
	test_hours();
	return tap_done();
}
