/*
 * Fuzz target: what a launcher answers on the control socket of UCSPI-TLS. A
 * value that counts is printable and short, and one octet at a time finds the
 * same end.
 *
 * Parsers: keeper/tls_words.c
 */
#include <string.h>

#include "keeper/tls_words.h"
#include "tests/fuzz/fuzz.h"

static void
look_at(struct slice value)
{
	fuzz_must(value.data == NULL || value.len > 0);
	fuzz_must(value.len <= TLS_WORDS_VALUE_MAX);
	for (size_t i = 0; i < value.len; i++)
		fuzz_must(value.data[i] >= ' ' && value.data[i] <= '~');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_words words;

	if (size == 0 || size > TLS_WORDS_MAX)
		return 0;
	char *copy = fuzz_copy(data, size);
	size_t end = tls_words_end((struct slice){copy, size});

	fuzz_must(end <= size);
	if (end > 0)
		fuzz_must(tls_words_end((struct slice){copy, end - 1}) == 0);
	/* Of a long one, some. */
	for (size_t part = 0; part < end; part += 1 + end / 50)
		fuzz_must(tls_words_end((struct slice){copy, part}) == 0);
	if (end > 0) {
		int result = tls_words_read(&words, (struct slice){copy, end});

		fuzz_must((result == 0) == (words.protocol.data != NULL));
		look_at(words.protocol);
		look_at(words.cipher);
		look_at(words.sni);
	}
	free(copy);
	return 0;
}
