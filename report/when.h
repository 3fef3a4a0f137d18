/* when - the times that people type. */
#ifndef REPORT_WHEN_H
#define REPORT_WHEN_H

#include <stdint.h>

/*
 * A time as --since has it: a date, a date and a time (local, or with Z or an
 * offset), a tai64n label, "@" and seconds, "today", "yesterday", "now",
 * or 30m, 12h, 7d, 2w ago. Returns 0, or -1.
 */
int when_parse(const char *text, int64_t now, int64_t *seconds);

#endif
