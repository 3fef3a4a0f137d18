/* Unit test of report/stamp.c and when.c: labels, and times that are typed. */
#include "report/stamp.h"

#include <stdlib.h>
#include <time.h>

#include "report/when.h"
#include "tests/tap.h"

#define NOW 1795822030 /* 2026-11-27 23:27:10 UTC, the next day in Berlin */

static void
test_stamps(void)
{
	static const struct {
		const char *text;
		int64_t seconds; /* 0: another program's line */
		uint32_t nanos;
		enum stamp_clock clock;
		const char *rest;
	} rows[] = {
		{"@400000006b0810cb1dcd6500 smtpd-auth: 1 a", 1795690689,
			500000000, STAMP_UTC, "1 a"},
		{"@400000006b0810cb1dcd6500 2026-11-27 01:02:03.5  smtpd-auth: "
		 "1 a",
			1795737723, 500000000, STAMP_LOCAL, "1 a"},
		{"2026-11-27_00:02:03.5 smtpd-auth: 1 a", 1795737723, 500000000,
			STAMP_UTC, "1 a"},
		{"2026-11-27T00:02:03.25 smtpd-auth: 1 a", 1795737723,
			250000000, STAMP_UTC, "1 a"},
		{"2026-11-27 01:02:03 smtpd-auth: 1 a", 1795737723, 0,
			STAMP_LOCAL, "1 a"},
		{"2026-11-27T01:02:03+01:00 mx smtpd-auth: 1 a", 1795737723, 0,
			STAMP_UTC, "1 a"},
		{"2026-11-26T19:02:03-0500 mx smtpd-auth[12]: 1 a", 1795737723,
			0, STAMP_UTC, "1 a"},
		{"2026-11-27T00:02:03Z mx tcpserver[1]: smtpd-auth: 1 a",
			1795737723, 0, STAMP_UTC, "1 a"},
		{"Nov 27 01:02:03 mx smtpd-auth: 1 a", 1795737723, 0,
			STAMP_LOCAL, "1 a"},
		{"Nov  7 01:02:03 mx smtpd-auth: 1 a", 1794009723, 0,
			STAMP_LOCAL, "1 a"},
		{"Dec  7 01:02:03 mx smtpd-auth: 1 a", 1765065723, 0,
			STAMP_LOCAL, "1 a"},
		{"@400000006b0810cb1dcd650 smtpd-auth: 1 a", 0, 0, 0, ""},
		{"@400000006b0810cb1dcd650g smtpd-auth: 1 a", 0, 0, 0, ""},
		{"@400000006b0810cbffffffff smtpd-auth: 1 a", 0, 0, 0, ""},
		{"@ffffffffffffffff00000000 smtpd-auth: 1 a", 0, 0, 0, ""},
		{"@400000006b0810cb1dcd6500 tcpserver: ok 1", 0, 0, 0, ""},
		{"Nov 27 01:02:03 mx sshd[1]: smtpd-auth: 1 a", 0, 0, 0, ""},
		{"Nov 27 01:02:03 mx smtpd-auth[1: 1 a", 0, 0, 0, ""},
		{"Nov 27 01:02:03 mx smtpd-auth", 0, 0, 0, ""},
		{"Nov 27 01:62:03 mx smtpd-auth: 1 a", 0, 0, 0, ""},
		{"Nof 27 01:02:03 mx smtpd-auth: 1 a", 0, 0, 0, ""},
		{"2026-13-27T01:02:03Z mx smtpd-auth: 1 a", 0, 0, 0, ""},
		{"2026-02-29T01:02:03Z mx smtpd-auth: 1 a", 0, 0, 0, ""},
		{"2026-11-31 01:02:03 smtpd-auth: 1 a", 0, 0, 0, ""},
		{"2024-02-29T01:02:03Z mx smtpd-auth: 1 a", 1709168523, 0,
			STAMP_UTC, "1 a"},
		{"2024-12-31T01:02:03Z mx smtpd-auth: 1 a", 1735606923, 0,
			STAMP_UTC, "1 a"},
		{"2026-11-27T01:02:03+1 smtpd-auth: 1 a", 0, 0, 0, ""},
		{"-- Boot 1 --", 0, 0, 0, ""},
		{"", 0, 0, 0, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stamp_reader reader = {.newest = NOW};
		struct slice text = slice_of(rows[i].text);
		struct stamp stamp;
		int result = stamp_take(&reader, &text, &stamp);

		ok(result == (rows[i].seconds == 0 ? -1 : 0), rows[i].text);
		ok(result == -1 || (stamp.seconds == rows[i].seconds &&
					   stamp.nanos == rows[i].nanos &&
					   stamp.clock == rows[i].clock &&
					   slice_is(text, rows[i].rest)),
			"and what it says");
	}
}

static void
test_times(void)
{
	static const struct {
		const char *text;
		int64_t seconds; /* -1: no time */
	} rows[] = {
		{"now", NOW},
		{"today", 1795820400},
		{"yesterday", 1795734000},
		{"30m", NOW - 1800},
		{"-12h", NOW - 43200},
		{"7d", NOW - 604800},
		{"2w", NOW - 1209600},
		{"@1795737723", 1795737723},
		{"@400000006b0810cb1dcd6500", 1795690689},
		{"2026-11-27", 1795734000},
		{"2026-11-27 01:02", 1795737720},
		{"2026-11-27T01:02:03", 1795737723},
		{"2026-11-27 01:02:03.5", 1795737723},
		{"2026-11-27T00:02:03Z", 1795737723},
		{"2026-11-27 00:02Z", 1795737720},
		{"2026-11-27 02:02:03+02:00", 1795737723},
		{"2026-07-01", 1782856800},
		{"", -1},
		{"soon", -1},
		{"7", -1},
		{"d", -1},
		{"7x", -1},
		{"99999999999d", -1},
		{"@", -1},
		{"@x", -1},
		{"2026-11", -1},
		{"2026-11-27x", -1},
		{"2026-11-27 25:00", -1},
		{"2026-11-27 01:02:03x", -1},
		{"2026-11-27 01:02:03Zx", -1},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t seconds = -1;
		int result = when_parse(rows[i].text, NOW, &seconds);

		ok(result == (rows[i].seconds == -1 ? -1 : 0) &&
				(result == -1 || seconds == rows[i].seconds),
			rows[i].text);
	}
}

int
main(void)
{
	(void)setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	test_stamps();
	test_times();
	return tap_done();
}
