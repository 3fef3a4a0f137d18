/*
 * hours - what happened when: an hour a slot; when the slots don't reach for
 * the time that the logs cover, two become one, and again.
 */
#ifndef REPORT_HOURS_H
#define REPORT_HOURS_H

#include <stddef.h>
#include <stdint.h>

#define HOURS_SLOTS 1536 /* 64 days */

enum hours_kind { HOURS_MESSAGES, HOURS_LOGINS, HOURS_FAILURES, HOURS_KINDS };

struct hours_slot {
	uint64_t counts[HOURS_KINDS];
};

struct hours {
	int64_t start, width; /* seconds */
	size_t count;
	struct hours_slot slots[HOURS_SLOTS];
};

void hours_add(struct hours *hours, int64_t seconds, enum hours_kind kind);

/* What a picture shows: at most HOURS_BARS, whole hours or days, local. */
#define HOURS_BARS 62
struct hours_bars {
	int64_t start, width;
	size_t count;
	struct hours_slot slots[HOURS_BARS];
	uint64_t most[HOURS_KINDS];
};

/* Those between the two times, a day at least. */
void hours_bars(const struct hours *hours, int64_t first, int64_t last,
	struct hours_bars *bars);

#endif
