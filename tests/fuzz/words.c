/*
 * Fuzz target: what a program has written about a refusal, a queue program on
 * ERROR_FD or rcptcheck on descriptor 4, becomes one line of a reply: a code of
 * the reply's class, a blank, words, no control character, and no more octets
 * than there are.
 *
 * Parsers: queue-handoff/status.c
 */
#include "queue-handoff/status.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static void
check(struct slice words, enum status_class class, const char *fallback)
{
	struct status status;
	size_t at = 1;

	status_words(&status, class, words, fallback);
	size_t len = strlen(status.reply);

	if (status.class != class || len >= sizeof status.reply ||
		slice_has_control(slice_of(status.reply)))
		abort();
	if (status.reply[0] != fallback[0])
		abort();
	for (int part = 0; part < 2; part++) {
		if (status.reply[at++] != '.')
			abort();
		at += strspn(status.reply + at, "0123456789");
	}
	if (status.reply[at] != ' ' || status.reply[at + 1] == '\0')
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	struct slice words = {text, size};

	check(words, STATUS_REFUSED, "5.1.1 no such recipient");
	check(words, STATUS_TEMPORARY, "4.3.0 not now");
	free(text);
	return 0;
}
