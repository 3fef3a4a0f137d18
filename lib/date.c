/*
 * date - see date.h. Run by the session, the keeper, the authenticator and
 * smtpd-passwd.
 */
#include "lib/date.h"

#define DAY_SECONDS 86400
#define SECONDS_MAX INT64_C(253402300799) /* the last second of 9999 */

static uint32_t
days_of_year(uint32_t year)
{
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return leap ? 366 : 365;
}

static uint32_t
days_of_month(uint32_t year, uint32_t month)
{
	static const uint32_t days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && days_of_year(year) == 366);
}

int
date_parse(struct slice text, uint32_t *date)
{
	uint64_t year, month, day;
	struct slice y = slice_split(&text, '-');
	struct slice m = slice_split(&text, '-');

	if (y.len != 4 || m.len != 2 || text.len != 2 ||
		slice_number(y, &year) == -1 || slice_number(m, &month) == -1 ||
		slice_number(text, &day) == -1 || year == 0 || month < 1 ||
		month > 12 || day < 1 ||
		day > days_of_month((uint32_t)year, (uint32_t)month))
		return -1;
	*date = (uint32_t)(year * 10000 + month * 100 + day);
	return 0;
}

uint32_t
date_of(int64_t seconds)
{
	int64_t days = seconds / DAY_SECONDS;
	uint32_t year = 1970, month = 1;

	while (days >= days_of_year(year))
		days -= days_of_year(year++);
	while (days >= days_of_month(year, month))
		days -= days_of_month(year, month++);
	return year * 10000 + month * 100 + (uint32_t)days + 1;
}

/* Two digits, and what stands behind them. */
static void
add_pair(struct buffer *out, uint32_t n, char behind)
{
	buffer_add_char(out, (char)('0' + n / 10 % 10));
	buffer_add_char(out, (char)('0' + n % 10));
	buffer_add_char(out, behind);
}

void
date_mail(struct buffer *out, int64_t seconds)
{
	static const char days[] = "ThuFriSatSunMonTueWed"; /* as 1970 began */
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (seconds < 0 || seconds > SECONDS_MAX)
		seconds = 0;
	uint32_t date = date_of(seconds);
	uint32_t second = (uint32_t)(seconds % DAY_SECONDS);

	buffer_add(out, days + 3 * (seconds / DAY_SECONDS % 7), 3);
	buffer_add_text(out, ", ");
	add_pair(out, date % 100, ' ');
	buffer_add(out, months + 3 * (date / 100 % 100 - 1), 3);
	buffer_add_char(out, ' ');
	buffer_add_number(out, date / 10000);
	buffer_add_char(out, ' ');
	add_pair(out, second / 3600, ':');
	add_pair(out, second / 60 % 60, ':');
	add_pair(out, second % 60, ' ');
	buffer_add_text(out, "+0000");
}
