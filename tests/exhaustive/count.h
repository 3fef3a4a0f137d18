/*
 * count - what the exhaustive tests share: how far to go, how much was tried,
 * and what differs. A program's one argument, or EXHAUSTIVE, is its size:
 * "check" (seconds; the default) or "full".
 */
#ifndef TESTS_COUNT_H
#define TESTS_COUNT_H

#include <stdbool.h>
#include <stdlib.h>

#include "tests/tap.h"

#define COUNT_SHOWN 10 /* differences that are printed */

static unsigned long long count_inputs, count_differences;

static inline bool
count_full(int argc, char **argv)
{
	const char *size = argc > 1 ? argv[1] : getenv("EXHAUSTIVE");

	if (size == NULL || strcmp(size, "check") == 0)
		return false;
	if (strcmp(size, "full") == 0)
		return true;
	fprintf(stderr, "%s: size is check or full\n", argv[0]);
	exit(100);
}

static inline void
count_print(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] > ' ' && data[i] < 127 && data[i] != '\\')
			putchar(data[i]);
		else
			printf("\\x%02x", (unsigned char)data[i]);
}

/* A line of what is printed about the last difference. */
static inline void
count_show(const char *what, const char *data, size_t len)
{
	if (count_differences > COUNT_SHOWN)
		return;
	printf("# %s: ", what);
	count_print(data, len);
	putchar('\n');
}

static inline void
count_difference(const char *what, const char *data, size_t len)
{
	count_differences++;
	count_show(what, data, len);
}

/* The check of what was tried since the last one. */
static inline void
count_check(const char *what)
{
	char text[200];

	snprintf(text, sizeof text, "%s: %llu, %llu differences", what,
		count_inputs, count_differences);
	ok(count_inputs > 0 && count_differences == 0, text);
	fflush(stdout); /* the next may take minutes */
	count_inputs = count_differences = 0;
}

#endif
