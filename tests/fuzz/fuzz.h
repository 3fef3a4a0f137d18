/* fuzz - what libFuzzer calls in each target, and how a target says no. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void
fuzz_must(bool good)
{
	if (!good)
		abort();
}

/* The input in memory of exactly its length, so that reading on is noticed. */
static inline char *
fuzz_copy(const uint8_t *data, size_t size)
{
	char *copy = malloc(size == 0 ? 1 : size);

	fuzz_must(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

#endif
