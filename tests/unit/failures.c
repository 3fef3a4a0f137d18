/* Unit test of keeper/failures: names, forgetting, and what failures cost. */
#include "keeper/statedir.h"

#include "tests/scratch.h"
#include "tests/tap.h"

#define NOW 1800000000
#define ONE FAILURES_ONE

static struct scratch scratch;

static void
test_addresses(void)
{
	static const struct {
		const char *a, *b;
		bool same;
	} pairs[] = {
		{"192.0.2.1", "192.0.2.1", true},
		{"192.0.2.1", "192.0.2.2", false},
		{"192.0.2.1", "::ffff:192.0.2.1", true},
		{"192.0.2.1", "::ffff:c000:201", true},
		{"192.0.2.1", "::192.0.2.1", false},
		{"2001:db8::1", "2001:db8::2", true},
		{"2001:db8::1", "2001:db8:0:0:ffff:ffff:ffff:ffff", true},
		{"2001:db8::1", "2001:DB8::1", true},
		{"2001:db8::1", "2001:db8:0:1::1", false},
		{"2001:db8:1::1", "2001:db8:2::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
		{"::1", "::2", true},
	};
	static const char *const none[] = {"unknown", "", "192.0.2",
		"1.2.3.4.5", "192.0.2.1 ", "192.0.2.256", "2001:db8::1::2", ":",
		"%eth0",
		"a-name-that-is-longer-than-any-address-ever-was-or-will-be."
		"example.com"};
	char a[STATEDIR_NAME_MAX], b[STATEDIR_NAME_MAX];

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		struct buffer first = BUFFER_OVER(a), second = BUFFER_OVER(b);
		char what[120];

		snprintf(
			what, sizeof what, "%s and %s", pairs[i].a, pairs[i].b);
		ok(statedir_address(&first, slice_of(pairs[i].a)) &&
				statedir_address(&second, slice_of(pairs[i].b)),
			what);
		ok(slice_equal(buffer_slice(&first), buffer_slice(&second)) ==
				pairs[i].same,
			what);
	}
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		struct buffer name = BUFFER_OVER(a);

		ok(!statedir_address(&name, slice_of(none[i])), none[i]);
	}
	ok(!statedir_address(
		   &(struct buffer){a, 0, sizeof a, false}, SLICE_NONE),
		"no address");
	/* A login that looks like an address is still a login. */
	struct buffer address = BUFFER_OVER(a), user = BUFFER_OVER(b);

	ok(statedir_address(&address, slice_of("65.66.67.68")), "4ABCD");
	statedir_user(&user, slice_of("4ABCD"));
	ok(!slice_equal(buffer_slice(&address), buffer_slice(&user)),
		"address and user never meet");
}

/* With and without authdomain a login is one name. */
static void
test_domain(void)
{
	static const struct {
		const char *login, *domain, *expected;
	} rows[] = {
		{"joe", "Example.COM", "ujoe@example.com"},
		{"joe@example.com", "example.com", "ujoe@example.com"},
		{"joe@example.org", "example.com", "ujoe@example.org"},
		{"joe", NULL, "ujoe"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[STATEDIR_NAME_MAX];
		struct buffer name = BUFFER_OVER(text);

		statedir_user(&name, slice_of(rows[i].login));
		statedir_domain(&name, slice_of(rows[i].domain));
		ok(slice_is(buffer_slice(&name), rows[i].expected),
			rows[i].expected);
	}
}

static uint32_t
add(struct table *t, const char *name, int64_t now)
{
	uint32_t count = 0;

	return failures_add(t, slice_of(name), now, &count) == 0 ? count
								 : UINT32_MAX;
}

static uint32_t
look(const struct table *t, const char *name, int64_t now)
{
	uint32_t count = 0;

	return failures_look(t, slice_of(name), now, &count) == 0 ? count
								  : UINT32_MAX;
}

static void
test_forgetting(struct table *t)
{
	const int64_t half = FAILURES_HALF_LIFE;

	ok(look(t, "a", NOW) == 0, "nothing at first");
	ok(add(t, "a", NOW) == ONE && add(t, "a", NOW) == 2 * ONE, "two");
	ok(look(t, "a", NOW) == 2 * ONE, "are two");
	ok(look(t, "b", NOW) == 0, "and nobody else's");
	ok(look(t, "a", NOW + half) == ONE, "one after a half-life");
	ok(look(t, "a", NOW + 2 * half) == ONE / 2, "half after two");
	ok(look(t, "a", NOW + half / 2) == 3 * ONE / 2, "in between");
	ok(look(t, "a", NOW + 100 * half) == 0, "nothing in the end");
	uint32_t before = 2 * ONE + 1;
	unsigned rises = 0;

	for (int64_t at = 0; at < 12 * half; at += 7) {
		uint32_t count = look(t, "a", NOW + at);

		rises += count > before;
		before = count;
	}
	ok(rises == 0, "it never rises by itself");
	ok(look(t, "a", NOW - 30) == 2 * ONE, "a clock that is a bit behind");
	ok(look(t, "a", NOW - 86400) == 0,
		"a clock set back: what is from the future counts for nothing");
	ok(add(t, "a", NOW - 86400) == ONE, "and goes");
	ok(look(t, "a", INT64_MAX) == 0 && look(t, "a", INT64_MIN / 2) == 0,
		"any clock");
	for (unsigned i = 0; i < 1000; i++)
		add(t, "c", NOW);
	ok(look(t, "c", NOW) == FAILURES_MOST * ONE, "at most so many");
	ok(look(t, "c", NOW + half + 1) < FAILURES_LIMIT * ONE,
		"so that nobody is refused for longer than a half-life");
}

static void
test_delay(void)
{
	ok(failures_delay(0, 0) == 0, "no failure, no delay");
	ok(failures_delay(FAILURES_ADDRESS_FREE * ONE, 0) == 0,
		"some are free");
	ok(failures_delay((FAILURES_ADDRESS_FREE + 1) * ONE, 0) ==
			FAILURES_STEP_MS,
		"of an address");
	ok(failures_delay((FAILURES_ADDRESS_FREE + 1) * ONE - 7, 0) ==
			FAILURES_STEP_MS,
		"a moment later, too");
	ok(failures_number(20 * ONE - 1) == 20 &&
			failures_number(20 * ONE - ONE / 2) == 20 &&
			failures_number(20 * ONE - ONE / 2 - 1) == 19 &&
			failures_number(0) == 0 &&
			failures_number(UINT32_MAX) == UINT32_MAX / ONE + 1,
		"counts are rounded");
	ok(failures_delay(0, FAILURES_USER_FREE * ONE) == 0, "of a user, more");
	ok(failures_delay(0, (FAILURES_USER_FREE + 2) * ONE) ==
			2 * FAILURES_STEP_MS,
		"each costs");
	ok(failures_delay((FAILURES_ADDRESS_FREE + 3) * ONE,
		   (FAILURES_USER_FREE + 1) * ONE) == 3 * FAILURES_STEP_MS,
		"the longer of both");
	ok(failures_delay(UINT32_MAX, UINT32_MAX) == FAILURES_DELAY_MAX_MS,
		"never more than the most");
}

/* More addresses than there is room for: those that fail most stay. */
static void
test_flood(struct table *t)
{
	char name[40];

	for (unsigned i = 0; i < 25; i++)
		add(t, "guesser", NOW);
	for (unsigned i = 0; i < 50000; i++) {
		snprintf(name, sizeof name, "other%u", i);
		add(t, name, NOW);
	}
	ok(look(t, "guesser", NOW) == 25 * ONE,
		"a flood of addresses drives out no old offender");
	ok(look(t, "other49999", NOW) == ONE, "and the last is counted");
}

int
main(void)
{
	struct table t;
	const char *reason = "";

	scratch_make(&scratch);
	test_domain();
	test_addresses();
	test_delay();
	ok(table_open(&t, &failures_shape, scratch.path, true, &reason) == 0,
		"the file");
	test_forgetting(&t);
	test_flood(&t);
	table_close(&t);
	scratch_end(&scratch);
	return tap_done();
}
