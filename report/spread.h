/*
 * spread - how numbers are spread, in steps that grow with them: each step is
 * a sixteenth of a power of two, so that what it says is true to 6 of 100.
 */
#ifndef REPORT_SPREAD_H
#define REPORT_SPREAD_H

#include <stdint.h>

#define SPREAD_BITS 4
#define SPREAD_STEPS ((64 - SPREAD_BITS + 1) << SPREAD_BITS)

struct spread {
	uint64_t count, sum, most;
	uint64_t steps[SPREAD_STEPS];
};

void spread_add(struct spread *spread, uint64_t number);

/* What so many of a thousand do not exceed: 500 is the median. */
uint64_t spread_below(const struct spread *spread, unsigned of_thousand);

/* How many are at least from and less than to, by whole steps. */
uint64_t spread_between(
	const struct spread *spread, uint64_t from, uint64_t to);

#endif
