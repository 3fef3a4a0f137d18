/* hours - see hours.h. */
#include "report/hours.h"

#include <string.h>
#include <time.h>

#include "report/stamp.h"

static int64_t
floor_to(int64_t seconds, int64_t width)
{
	int64_t rest = seconds % width;

	return seconds - (rest < 0 ? rest + width : rest);
}

/* Two slots become one. */
static void
halve(struct hours *hours)
{
	int64_t width = 2 * hours->width;
	int64_t start = floor_to(hours->start, width);
	size_t shift = start != hours->start, count = 0;

	for (size_t i = 0; i < hours->count; i++) {
		size_t to = (i + shift) / 2;
		struct hours_slot slot = hours->slots[i];

		if (to >= count)
			hours->slots[count++] = slot;
		else
			for (int k = 0; k < HOURS_KINDS; k++)
				hours->slots[to].counts[k] += slot.counts[k];
	}
	memset(hours->slots + count, 0,
		(HOURS_SLOTS - count) * sizeof *hours->slots);
	hours->start = start;
	hours->width = width;
	hours->count = count;
}

/* Slots before the first one, for a time that is older. */
static void
reach_back(struct hours *hours, int64_t seconds)
{
	while (seconds < hours->start) {
		int64_t more =
			(hours->start - floor_to(seconds, hours->width)) /
			hours->width;

		if (more + (int64_t)hours->count > HOURS_SLOTS) {
			halve(hours);
			continue;
		}
		memmove(hours->slots + more, hours->slots,
			hours->count * sizeof *hours->slots);
		memset(hours->slots, 0, (size_t)more * sizeof *hours->slots);
		hours->count += (size_t)more;
		hours->start -= more * hours->width;
	}
}

void
hours_add(struct hours *hours, int64_t seconds, enum hours_kind kind)
{
	if (hours->count == 0) {
		hours->width = STAMP_HOUR;
		hours->start = floor_to(seconds, STAMP_HOUR);
		hours->count = 1;
	}
	reach_back(hours, seconds);
	while ((seconds - hours->start) / hours->width >= HOURS_SLOTS)
		halve(hours);
	size_t at = (size_t)((seconds - hours->start) / hours->width);

	if (at >= hours->count)
		hours->count = at + 1;
	hours->slots[at].counts[kind]++;
}

static int64_t
offset_of(int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;

	return localtime_r(&time, &tm) == NULL ? 0 : (int64_t)tm.tm_gmtoff;
}

/* The narrowest bars that are few enough. */
static int64_t
choose_width(int64_t first, int64_t last, int64_t least)
{
	static const int64_t widths[] = {1, 2, 3, 6, 12, 24, 2 * 24, 7 * 24,
		14 * 24, 28 * 24, 8 * 7 * 24};
	int64_t width = STAMP_HOUR;

	for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
		width = widths[i] * STAMP_HOUR;
		if (width >= least && (last - first) / width + 2 <= HOURS_BARS)
			return width;
	}
	while ((last - first) / width + 2 > HOURS_BARS)
		width *= 2;
	return width;
}

static void
add_slot(struct hours_bars *bars, int64_t at, const struct hours_slot *slot)
{
	int64_t bar = (at - bars->start) / bars->width;

	if (at < bars->start || bar >= (int64_t)bars->count)
		return;
	for (int k = 0; k < HOURS_KINDS; k++) {
		uint64_t *count = &bars->slots[bar].counts[k];

		*count += slot->counts[k];
		if (*count > bars->most[k])
			bars->most[k] = *count;
	}
}

void
hours_bars(const struct hours *hours, int64_t first, int64_t last,
	struct hours_bars *bars)
{
	int64_t offset = offset_of(last);

	*bars = (struct hours_bars){.count = 0};
	if (last < first)
		last = first;
	bars->width = choose_width(first, last, hours->width);
	if (last - first < STAMP_DAY)
		first = floor_to(last + offset, STAMP_DAY) <= first + offset
				? floor_to(last + offset, STAMP_DAY) - offset
				: floor_to(last, STAMP_HOUR) - STAMP_DAY +
					  STAMP_HOUR;
	bars->start = floor_to(first + offset, bars->width) - offset;
	bars->count = (size_t)((last - bars->start) / bars->width) + 1;
	if (bars->width == STAMP_HOUR && bars->count < 24)
		bars->count = 24;
	if (bars->count > HOURS_BARS)
		bars->count = HOURS_BARS;
	for (size_t i = 0; i < hours->count; i++)
		add_slot(bars, hours->start + (int64_t)i * hours->width,
			&hours->slots[i]);
}
