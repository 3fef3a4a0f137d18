/* Unit test of keeper/recipients: a rolling day, counted and given back. */
#include "keeper/recipients.h"

#include "tests/scratch.h"
#include "tests/tap.h"

#define HOUR 3600
#define DAY (24 * HOUR)
#define NOW (500000 * (int64_t)HOUR) /* an hour begins */

static struct table t;
static const char *who;

static enum recipients_result
take(uint64_t limit, int64_t now)
{
	return recipients_take(&t, slice_of(who), limit, now);
}

/* How many of a limit of 1000 were free? */
static unsigned
free_now(int64_t now)
{
	unsigned count = 0;

	while (take(1000, now) == RECIPIENTS_FREE)
		count++;
	recipients_return(&t, slice_of(who), count, now);
	return count;
}

static void
take_many(unsigned count, int64_t now)
{
	for (unsigned i = 0; i < count; i++)
		scratch_must(take(1000, now) == RECIPIENTS_FREE, "take");
}

static void
test_limit(void)
{
	who = "a";
	ok(take(2, NOW) == RECIPIENTS_FREE && take(2, NOW) == RECIPIENTS_FREE,
		"two");
	ok(take(2, NOW) == RECIPIENTS_FIRST, "the third is over it");
	ok(take(2, NOW) == RECIPIENTS_OVER &&
			take(2, NOW + 5) == RECIPIENTS_OVER,
		"which is told once");
	ok(take(3, NOW) == RECIPIENTS_FREE, "a larger limit counts at once");
	ok(take(2, NOW) == RECIPIENTS_OVER, "a smaller one, too");
	ok(take(3, NOW + DAY - HOUR) == RECIPIENTS_OVER,
		"23 hours later still");
	ok(take(1, NOW + DAY) == RECIPIENTS_FREE, "a day later free");
	ok(take(1, NOW + DAY) == RECIPIENTS_FIRST, "and told anew");
	who = "b";
	ok(take(1, NOW) == RECIPIENTS_FREE, "each login for itself");
}

static void
test_rolling(void)
{
	who = "c";
	take_many(100, NOW);
	take_many(10, NOW + 5 * HOUR);
	take_many(1, NOW + 23 * HOUR);
	ok(free_now(NOW + 23 * HOUR + HOUR - 1) == 889, "all of a day count");
	ok(free_now(NOW + 24 * HOUR) == 989, "then the first are forgotten");
	ok(free_now(NOW + 28 * HOUR) == 989, "not yet");
	ok(free_now(NOW + 29 * HOUR) == 999, "the next");
	ok(free_now(NOW + 46 * HOUR) == 999, "not yet");
	ok(free_now(NOW + 47 * HOUR) == 1000, "the last");
	take_many(7, NOW + 48 * HOUR);
	ok(free_now(NOW + 10000 * HOUR) == 1000, "a year later");
}

static void
test_give_back(void)
{
	who = "d";
	take_many(5, NOW);
	take_many(3, NOW + HOUR);
	ok(recipients_return(&t, slice_of(who), 2, NOW + HOUR) == 0 &&
			free_now(NOW + HOUR) == 994,
		"given back");
	ok(recipients_return(&t, slice_of(who), 4, NOW + HOUR) == 0 &&
			free_now(NOW + HOUR) == 998,
		"over the turn of an hour");
	ok(recipients_return(&t, slice_of(who), 100, NOW + HOUR) == 0 &&
			free_now(NOW + HOUR) == 1000,
		"never more than there was");
	ok(recipients_return(&t, slice_of("nobody"), 9, NOW) == 0, "to nobody");
	who = "nobody";
	ok(free_now(NOW) == 1000, "who has no more for it");
	who = "e";
	take_many(5, NOW);
	ok(recipients_return(&t, slice_of(who), 3, NOW + 3 * DAY) == 0 &&
			free_now(NOW + 3 * DAY) == 1000,
		"days later it is all the same");
}

static void
test_clock(void)
{
	who = "f";
	take_many(5, NOW);
	ok(free_now(NOW - 2 * HOUR) == 995, "a clock that is set back a bit");
	ok(free_now(NOW + 2 * HOUR) == 995, "and forth");
	ok(free_now(NOW - 30 * DAY) == 1000,
		"set back by a month: what is from the future counts not");
	ok(free_now(0) == 1000 && free_now(INT64_MAX) == 1000, "any clock");
	who = "g";
	ok(take(0, NOW + 40 * DAY) == RECIPIENTS_FIRST &&
			take(0, NOW) == RECIPIENTS_FIRST,
		"nor does what was told then");
}

static void
test_broken(void)
{
	int fd = t.fd;

	t.fd = -1;
	who = "h";
	ok(take(5, NOW) == RECIPIENTS_BROKEN, "no file");
	ok(recipients_return(&t, slice_of(who), 1, NOW) == -1, "nor here");
	t.fd = fd;
}

int
main(void)
{
	struct scratch s;
	const char *reason = "";

	scratch_make(&s);
	ok(table_open(&t, &recipients_shape, s.path, true, &reason) == 0,
		reason);
	test_limit();
	test_rolling();
	test_give_back();
	test_clock();
	test_broken();
	table_close(&t);
	scratch_end(&s);
	return tap_done();
}
