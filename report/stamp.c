/* stamp - see stamp.h. */
#include "report/stamp.h"

#include <string.h>
#include <time.h>

#define TAI_DIGITS 24
#define TAI_1970 UINT64_C(4611686018427387914) /* as multilog counts: +10 s */
/*
 * Hexadecimal digits of the lower case, as loggers write them. Each line has
 * 24, so that a table that knows no branch is worth its room.
 */
static int
take_hex(const char *text, size_t count, uint64_t *number)
{
	static const uint8_t values[256] = {['0'] = 0x10,
		['1'] = 0x11,
		['2'] = 0x12,
		['3'] = 0x13,
		['4'] = 0x14,
		['5'] = 0x15,
		['6'] = 0x16,
		['7'] = 0x17,
		['8'] = 0x18,
		['9'] = 0x19,
		['a'] = 0x1a,
		['b'] = 0x1b,
		['c'] = 0x1c,
		['d'] = 0x1d,
		['e'] = 0x1e,
		['f'] = 0x1f}; /* 0x10: it is a digit */
	unsigned all = 0x10;
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		unsigned value = values[(unsigned char)text[i]];

		all &= value;
		sum = sum << 4 | (value & 0xf);
	}
	*number = sum;
	return all == 0 ? -1 : 0;
}

/* So many decimal digits at the front; -1 when there are others. */
static int
digits(const char *text, size_t count)
{
	int value = 0;

	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -1;
		value = value * 10 + text[i] - '0';
	}
	return value;
}

int
stamp_tai(struct slice text, struct stamp *stamp)
{
	uint64_t seconds, nanos;

	if (text.len < 1 + TAI_DIGITS || text.data[0] != '@' ||
		take_hex(text.data + 1, 16, &seconds) == -1 ||
		take_hex(text.data + 17, 8, &nanos) == -1)
		return -1;
	if (seconds < TAI_1970 || seconds - TAI_1970 > UINT32_MAX * 8ULL ||
		nanos > 999999999)
		return -1;
	stamp->clock = STAMP_UTC;
	stamp->seconds = (int64_t)(seconds - TAI_1970);
	stamp->nanos = (uint32_t)nanos;
	return 0;
}

/* Days since 1970 of a day in the calendar of Gregory. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t m = month <= 2 ? month + 9 : month - 3;

	return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day -
	       719469;
}

static int64_t
local_time(int year, int month, int day, int hour)
{
	struct tm tm = {.tm_year = year - 1900,
		.tm_mon = month - 1,
		.tm_mday = day,
		.tm_hour = hour,
		.tm_isdst = -1};

	return (int64_t)mktime(&tm);
}

/* The same hour as the last one? Its text is len octets at the front. */
static bool
same_hour(const struct stamp_reader *r, const char *text, size_t len)
{
	return r->hour[len] == '\0' && memcmp(r->hour, text, len) == 0;
}

static void
keep_hour(struct stamp_reader *r, const char *text, size_t len, int64_t at)
{
	memset(r->hour, 0, sizeof r->hour);
	memcpy(r->hour, text, len);
	r->hour_seconds = at;
}

/* MM:SS at the front, -1 or seconds. */
static int
minutes(const char *text)
{
	int m = digits(text, 2), s = digits(text + 3, 2);

	return m < 0 || m > 59 || s < 0 || s > 60 || text[2] != ':'
		       ? -1
		       : m * 60 + s;
}

uint32_t
stamp_fraction(struct slice *text)
{
	uint32_t nanos = 0, unit = 100000000;
	size_t i = 1;

	if (text->len < 2 || (text->data[0] != '.' && text->data[0] != ','))
		return 0;
	for (; i < text->len && digits(text->data + i, 1) >= 0; i++) {
		nanos += (uint32_t)digits(text->data + i, 1) * unit;
		unit /= 10;
	}
	*text = slice_from(*text, i);
	return nanos;
}

bool
stamp_offset(struct slice *text, int *offset)
{
	*offset = 0;
	if (text->len > 0 && text->data[0] == 'Z') {
		*text = slice_from(*text, 1);
		return true;
	}
	if (text->len < 5 || (text->data[0] != '+' && text->data[0] != '-'))
		return false;
	size_t second = text->data[3] == ':' ? 4 : 3;

	if (text->len < second + 2)
		return false;
	int h = digits(text->data + 1, 2), m = digits(text->data + second, 2);

	if (h < 0 || m < 0)
		return false;
	*offset = (h * 60 + m) * (text->data[0] == '-' ? -60 : 60);
	*text = slice_from(*text, second + 2);
	return true;
}

/* The day of "2026-11-28", -1 when there is none. */
static int
take_date(const char *t, int *year, int *month, int *day)
{
	*year = digits(t, 4);
	*month = digits(t + 5, 2);
	*day = digits(t + 8, 2);
	if (t[4] != '-' || t[7] != '-' || *year < 1970 || *month < 1 ||
		*month > 12 || *day < 1)
		return -1;
	/* Most days are in every month. */
	return *day > 28 && days_of(*year, *month, *day) >=
				       days_of(*year, *month + 1, 1)
		       ? -1
		       : 0;
}

int
stamp_iso(struct stamp_reader *r, struct slice *text, struct stamp *stamp)
{
	int year, month, day, offset;
	const char *t = text->data;

	if (text->len < 19 || take_date(t, &year, &month, &day) == -1 ||
		(t[10] != 'T' && t[10] != '_' && t[10] != ' ') || t[13] != ':')
		return -1;
	int hour = digits(t + 11, 2), rest = minutes(t + 14);

	if (hour < 0 || hour > 24 || rest < 0)
		return -1;
	*text = slice_from(*text, 19);
	stamp->nanos = stamp_fraction(text);
	bool zoned = stamp_offset(text, &offset);

	if (zoned || t[10] != ' ') {
		stamp->clock = STAMP_UTC;
		stamp->seconds = days_of(year, month, day) * STAMP_DAY +
				 hour * STAMP_HOUR + rest - offset;
		return 0;
	}
	if (!same_hour(r, t, 13))
		keep_hour(r, t, 13, local_time(year, month, day, hour));
	stamp->clock = STAMP_LOCAL;
	stamp->seconds = r->hour_seconds + rest;
	return 0;
}

static int
month_of(const char *name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (int i = 0; i < 12; i++)
		if (memcmp(months + 3 * i, name, 3) == 0)
			return i + 1;
	return -1;
}

/* "Nov 28 06:27:55": of this year, or of the one before. */
static int
take_bsd(struct stamp_reader *r, struct slice *text, struct stamp *stamp)
{
	const char *t = text->data;

	if (text->len < 16 || t[3] != ' ' || t[6] != ' ' || t[9] != ':' ||
		t[15] != ' ')
		return -1;
	int month = month_of(t), hour = digits(t + 7, 2);
	int rest = minutes(t + 10);
	int day = t[4] == ' ' ? digits(t + 5, 1) : digits(t + 4, 2);

	if (month < 1 || day < 1 || day > 31 || hour < 0 || hour > 23 ||
		rest < 0)
		return -1;
	if (!same_hour(r, t, 9)) {
		time_t newest = (time_t)r->newest;
		struct tm tm;
		int year = localtime_r(&newest, &tm) == NULL
				   ? 1970
				   : tm.tm_year + 1900;
		int64_t at = local_time(year, month, day, hour);

		if (at > r->newest + STAMP_DAY)
			at = local_time(year - 1, month, day, hour);
		keep_hour(r, t, 9, at);
	}
	stamp->clock = STAMP_LOCAL;
	stamp->seconds = r->hour_seconds + rest;
	*text = slice_from(*text, 15);
	return 0;
}

/* "smtpd-auth: " at the front of *text; with a number in brackets too. */
static bool
take_program(struct slice *text, const char *name)
{
	size_t len = strlen(name);

	if (text->len < len + 2 || memcmp(text->data, name, len) != 0)
		return false;
	if (text->data[len] == '[') {
		do
			len++;
		while (len < text->len && digits(text->data + len, 1) >= 0);
		if (len == text->len || text->data[len++] != ']')
			return false;
	}
	if (text->len < len + 2 || text->data[len] != ':' ||
		text->data[len + 1] != ' ')
		return false;
	*text = slice_from(*text, len + 2);
	return true;
}

/*
 * The tag of syslog's form: our own; or the launcher's, by whose name the
 * journal keeps what we write to descriptor 2. Nobody else's: whoever picks a
 * login of sshd must not be able to write lines of ours.
 */
static int
take_tags(struct slice *text)
{
	static const char *const launchers[] = {
		"tcpserver", "sslserver", "s6-tcpserver", "tcpsvd", "run"};

	if (take_program(text, "smtpd-auth")) {
		(void)take_program(text, "smtpd-auth");
		return 0;
	}
	for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++)
		if (take_program(text, launchers[i]))
			return take_program(text, "smtpd-auth") ? 0 : -1;
	return -1;
}

/* " HOST TAG: " behind a time; or our name at once, as tai64nlocal has it. */
static int
take_host(struct slice *text, struct stamp *stamp)
{
	if (text->len == 0 || text->data[0] != ' ')
		return -1;
	*text = slice_skip_blanks(*text);
	if (take_program(text, "smtpd-auth"))
		return 0;
	size_t at = slice_find(*text, ' ');

	if (at == 0 || at == text->len)
		return -1;
	stamp->host = (struct slice){text->data, at};
	*text = slice_from(*text, at + 1);
	return take_tags(text);
}

int
stamp_take(struct stamp_reader *reader, struct slice *text, struct stamp *stamp)
{
	*stamp = (struct stamp){.clock = STAMP_NONE};
	if (text->len == 0)
		return -1;
	if (text->data[0] == '@') {
		if (stamp_tai(*text, stamp) == -1)
			return -1;
		*text = slice_skip_blanks(slice_from(*text, 1 + TAI_DIGITS));
		if (take_program(text, "smtpd-auth"))
			return 0;
		if (text->len == 0 || digits(text->data, 1) < 0)
			return -1; /* s6-log t T: both */
	}
	if (take_program(text, "smtpd-auth"))
		return 0;
	if (stamp_iso(reader, text, stamp) == -1 &&
		take_bsd(reader, text, stamp) == -1)
		return -1;
	return take_host(text, stamp);
}
