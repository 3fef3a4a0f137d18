/*
 * stamp - what a logger puts before a line: when it was, on which host, whose
 * line it is. Pure but for the time zone of a local time.
 *
 *   @400000006b3f...                 tai64n: multilog t, svlogd -t, s6-log t
 *   2026-11-28_06:27:55.12345        svlogd -tt; with T -ttt: UTC
 *   2026-11-28 06:27:55.123456789    s6-log T, tai64nlocal: local
 *   2026-11-28T06:27:55+01:00 host   syslog, journalctl -o short-iso
 *   Nov 28 06:27:55 host             syslog, RFC 3164: local, without a year
 */
#ifndef REPORT_STAMP_H
#define REPORT_STAMP_H

#include "lib/bytes.h"

#define STAMP_HOUR 3600 /* seconds */
#define STAMP_DAY 86400

enum stamp_clock { STAMP_NONE, STAMP_UTC, STAMP_LOCAL, STAMP_CLOCKS };

struct stamp {
	enum stamp_clock clock; /* what the label says it is in */
	int64_t seconds;	/* since 1970 */
	uint32_t nanos;
	struct slice host; /* absent but in syslog's form */
};

/* For one file. The last hour is kept, because mktime() is slow. */
struct stamp_reader {
	int64_t newest; /* a stamp without a year is not after this */
	char hour[16];
	int64_t hour_seconds; /* since 1970, at the begin of that hour */
};

/*
 * Takes label, host and program off the front of a line: what is left is what
 * line_parse() takes. Returns 0, or -1 when it is another program's line.
 */
int stamp_take(
	struct stamp_reader *reader, struct slice *text, struct stamp *stamp);

/* The time of a tai64n label "@4000..."; 0, or -1 when it is none. */
int stamp_tai(struct slice text, struct stamp *stamp);

/*
 * The same for "2026-11-28 06:27:55.123" and what follows, with T or _ for the
 * blank. With an offset or without the blank it is UTC, else local.
 */
int stamp_iso(
	struct stamp_reader *reader, struct slice *text, struct stamp *stamp);

/* ".123456" off the front: nanoseconds, 0 when there is none. */
uint32_t stamp_fraction(struct slice *text);

/* "Z", "+0100" or "+01:00" off the front, in seconds; false: there is none. */
bool stamp_offset(struct slice *text, int *offset);

#endif
