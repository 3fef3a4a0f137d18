/*
 * Fuzz target: lib/pem. The input is the file; every name and every base64
 * lies within it, what was taken does not come again, and it ends.
 *
 * Parsers: lib/pem.c
 */
#include "lib/pem.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check_within(struct slice part, const char *text, const char *end)
{
	if (part.data < text || part.data > end ||
		part.len > (size_t)(end - part.data))
		abort();
}

static void
check_base64(struct slice base64)
{
	for (size_t i = 0; i < base64.len; i++)
		if (strchr(" \t\r\n", base64.data[i]) != NULL &&
			base64.data[i] != '\0')
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), *at = text;
	size_t left = size;
	struct pem_object object;

	for (;;) {
		size_t before = left;

		if (pem_next(&at, &left, &object) != PEM_OBJECT)
			break;
		check_within(object.name, text, text + size);
		check_within(object.base64, text, text + size);
		check_base64(object.base64);
		if (left >= before || at != text + (size - left))
			abort();
	}
	free(text);
	return 0;
}
