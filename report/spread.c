/* spread - see spread.h. */
#include "report/spread.h"

#include <stddef.h>

#define FIRST (1u << SPREAD_BITS) /* below it each number is a step */

static size_t
step_of(uint64_t number)
{
	if (number < FIRST)
		return (size_t)number;
	unsigned shift = 63u - (unsigned)__builtin_clzll(number) - SPREAD_BITS;

	return ((size_t)shift << SPREAD_BITS) + (size_t)(number >> shift);
}

/* The smallest number of a step. */
static uint64_t
begin_of(size_t step)
{
	if (step < 2 * FIRST)
		return step;
	unsigned shift = (unsigned)(step >> SPREAD_BITS) - 1;

	return (uint64_t)(step - ((size_t)shift << SPREAD_BITS)) << shift;
}

void
spread_add(struct spread *spread, uint64_t number)
{
	spread->count++;
	spread->sum += number;
	if (number > spread->most)
		spread->most = number;
	spread->steps[step_of(number)]++;
}

uint64_t
spread_below(const struct spread *spread, unsigned of_thousand)
{
	uint64_t wanted = (spread->count * of_thousand + 999) / 1000, seen = 0;

	for (size_t i = 0; i < SPREAD_STEPS; i++) {
		seen += spread->steps[i];
		if (spread->steps[i] == 0 || seen < wanted)
			continue;
		uint64_t last = begin_of(i + 1) - 1;

		return last < spread->most ? last : spread->most;
	}
	return spread->most;
}

uint64_t
spread_between(const struct spread *spread, uint64_t from, uint64_t to)
{
	uint64_t sum = 0;

	for (size_t i = step_of(from); i < SPREAD_STEPS && begin_of(i) < to;
		i++)
		sum += spread->steps[i];
	return sum;
}
