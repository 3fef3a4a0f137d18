/*
 * date - days of the calendar, in UTC, as numbers that compare: 20261231; and
 * as a message has them. By hand: strftime() would speak the locale's language,
 * and gmtime() of the GNU library opens files, which a jail forbids.
 */
#ifndef LIB_DATE_H
#define LIB_DATE_H

#include "lib/buffer.h"

/* YYYY-MM-DD, a day that there is. Returns 0, or -1. */
int date_parse(struct slice text, uint32_t *date);

/* The day of a time in seconds since 1970, not before it. */
uint32_t date_of(int64_t seconds);

/*
 * Adds a time as a message has it, RFC 5322 §3.3, in +0000: 31 octets. A clock
 * before 1970 or after 9999 is no date, and becomes the first second of 1970.
 */
void date_mail(struct buffer *out, int64_t seconds);

#endif
