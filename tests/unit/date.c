/* Unit test of lib/date.c. */
#include "lib/date.h"

#include "tests/tap.h"

static void
test_parse(void)
{
	static const struct {
		const char *text;
		uint32_t date; /* 0: refused */
	} rows[] = {
		{"2026-11-21", 20261121},
		{"1970-01-01", 19700101},
		{"9999-12-31", 99991231},
		{"2024-02-29", 20240229},
		{"2000-02-29", 20000229},
		{"2023-02-29", 0},
		{"1900-02-29", 0},
		{"2026-04-31", 0},
		{"2026-00-01", 0},
		{"2026-13-01", 0},
		{"2026-01-00", 0},
		{"2026-01-32", 0},
		{"0000-01-01", 0},
		{"2026-1-1", 0},
		{"26-01-01", 0},
		{"2026-01-01 ", 0},
		{"2026-01-01-", 0},
		{"2026-01-+1", 0},
		{"2026/01/01", 0},
		{"20260101", 0},
		{"never", 0},
		{"", 0},
		{"2026-01", 0},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint32_t date = 0;
		int result = date_parse(slice_of(rows[i].text), &date);

		ok(result == (rows[i].date == 0 ? -1 : 0) &&
				date == rows[i].date,
			rows[i].text);
	}
}

static void
test_of(void)
{
	ok(date_of(0) == 19700101, "the first day");
	ok(date_of(86399) == 19700101, "its last second");
	ok(date_of(86400) == 19700102, "the next one");
	ok(date_of(951782400) == 20000229, "29 February 2000");
	ok(date_of(951868800) == 20000301, "and the day after");
	ok(date_of(1798761599) == 20261231, "the last second of a year");
	ok(date_of(1798761600) == 20270101, "the first of the next");
	ok(date_of(4102444800) == 21000101, "2100");
	ok(date_of(4107542400) == 21000301, "which has no 29 February");
}

int
main(void)
{
	test_parse();
	test_of();
	return tap_done();
}
