/* date - days of the calendar, in UTC, as numbers that compare: 20261231. */
#ifndef LIB_DATE_H
#define LIB_DATE_H

#include "lib/bytes.h"

/* YYYY-MM-DD, a day that there is. Returns 0, or -1. */
int date_parse(struct slice text, uint32_t *date);

/* The day of a time in seconds since 1970, not before it. */
uint32_t date_of(int64_t seconds);

#endif
