/* when - see when.h. */
#include "report/when.h"

#include <string.h>
#include <time.h>

#include "lib/buffer.h"
#include "report/stamp.h"

/* 30m, 12h, 7d, 2w: seconds, -1 when it is none. */
static int64_t
span(struct slice text)
{
	static const char units[] = "smhdw";
	static const int64_t seconds[] = {
		1, 60, STAMP_HOUR, STAMP_DAY, 7 * STAMP_DAY};
	uint64_t number;

	if (text.len < 2)
		return -1;
	const char *unit = strchr(units, text.data[text.len - 1]);

	text.len--;
	if (unit == NULL || slice_number(text, &number) == -1 ||
		number > 100000)
		return -1;
	return (int64_t)number * seconds[unit - units];
}

static int64_t
midnight(int64_t at)
{
	time_t time = (time_t)at;
	struct tm tm;

	if (localtime_r(&time, &tm) == NULL)
		return at;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

/* A date alone, or with a time of day whose seconds may be missing. */
static int
time_of_day(struct slice text, int64_t *seconds)
{
	char whole[64];
	struct buffer b = BUFFER_OVER(whole);
	struct stamp_reader reader = {.newest = 0};
	struct stamp stamp = {.clock = STAMP_NONE};

	if (text.len < 10)
		return -1;
	buffer_add(&b, text.data, text.len < 16 ? text.len : 16);
	if (text.len == 10)
		buffer_add_text(&b, " 00:00");
	if (text.len <= 16 || text.data[16] != ':')
		buffer_add_text(&b, ":00");
	if (text.len > 16)
		buffer_add_slice(&b, slice_from(text, 16));
	struct slice all = buffer_slice(&b);
	int offset;

	/* Whoever types a time without a zone means his own. */
	if (b.overflow || all.len < 19)
		return -1;
	struct slice zone = slice_from(all, 19);

	(void)stamp_fraction(&zone);
	if (zone.len == 0)
		whole[10] = whole[10] == 'T' ? ' ' : whole[10];
	else if (!stamp_offset(&zone, &offset) || zone.len > 0)
		return -1;
	if (stamp_iso(&reader, &all, &stamp) == -1)
		return -1;
	*seconds = stamp.seconds;
	return 0;
}

int
when_parse(const char *text, int64_t now, int64_t *seconds)
{
	struct slice t = slice_of(text);
	struct stamp stamp;
	uint64_t number;

	if (t.len > 0 && t.data[0] == '-')
		t = slice_from(t, 1);
	if (slice_is(t, "now"))
		*seconds = now;
	else if (slice_is(t, "today"))
		*seconds = midnight(now);
	else if (slice_is(t, "yesterday"))
		*seconds = midnight(midnight(now) - STAMP_HOUR);
	else if (span(t) >= 0)
		*seconds = now - span(t);
	else if (stamp_tai(t, &stamp) == 0)
		*seconds = stamp.seconds;
	else if (t.len > 1 && t.len < 13 && t.data[0] == '@' &&
		 slice_number(slice_from(t, 1), &number) == 0)
		*seconds = (int64_t)number;
	else
		return time_of_day(t, seconds);
	return 0;
}
