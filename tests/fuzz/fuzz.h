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

/* May there be a crypt string in it? To try one may cost seconds, and finds
 * nothing new. */
static inline bool
fuzz_has_crypt(const uint8_t *data, size_t size)
{
	static const char *const words[] = {"rounds=", "$2", "$y", "$7", "$gy",
		"$sha1", "$5", "$6", "$3", ":_", "}_", "=_"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (memmem(data, size, words[i], strlen(words[i])) != NULL)
			return true;
	return false;
}

#endif
