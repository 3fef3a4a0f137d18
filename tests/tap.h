/*
 * tap - the Test Anything Protocol for unit tests, read by prove.
 * Each check prints "ok" or "not ok" with file and line; main() ends with
 * return tap_done(), which prints the plan and is 1 after a failure.
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdio.h>
#include <string.h>

static unsigned tap_count, tap_failed;

static inline int
tap_check(int good, const char *what, const char *file, int line)
{
	tap_count++;
	if (good) {
		printf("ok %u - %s\n", tap_count, what);
		return 1;
	}
	tap_failed++;
	printf("not ok %u - %s\n# at %s:%d\n", tap_count, what, file, line);
	return 0;
}

static inline int
tap_done(void)
{
	printf("1..%u\n", tap_count);
	return tap_failed != 0;
}

#define ok(good, what) tap_check((good), (what), __FILE__, __LINE__)
#define is_bytes(a, alen, b, blen, what)                                       \
	tap_check((alen) == (blen) && memcmp((a), (b), (alen)) == 0, (what),   \
		__FILE__, __LINE__)

#endif
