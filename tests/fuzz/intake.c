/*
 * Fuzz target: intake_feed(), an envelope in pieces of fuzzed length, against
 * the grammar read off the whole in one pass below. Both must give the same
 * exit code, the same end and the same addresses.
 *
 * Parsers: queue/intake.c
 */
#include "queue/intake.h"

#include <string.h>

#include "queue-handoff/status.h"
#include "tests/fuzz/fuzz.h"

/* What the function that takes addresses returns for one of them. */
#define REFUSED_BY_TAKE 99

/* Everything that was taken, as a checksum in which order counts. */
struct taken {
	uint64_t sum;
	size_t count;
	size_t refuse; /* the address to refuse, counted from 1; 0: none */
};

static int
take(void *context, char type, struct slice address)
{
	struct taken *taken = context;

	fuzz_must(address.len <= INTAKE_ADDRESS_MAX);
	fuzz_must(slice_find(address, '\0') == address.len);
	fuzz_must((type == 'F') == (taken->count == 0));
	taken->sum = taken->sum * 31 + (unsigned char)type;
	for (size_t i = 0; i < address.len; i++)
		taken->sum = taken->sum * 31 + (unsigned char)address.data[i];
	return ++taken->count == taken->refuse ? REFUSED_BY_TAKE : 0;
}

/* The reference. Sets *done when the last NUL was there. */
static int
read_whole(struct slice text, struct taken *taken, bool *done)
{
	*done = false;
	while (text.len > 0) {
		char mark = text.data[0];

		if (mark == '\0' && taken->count >= 2) {
			*done = true;
			return 0;
		}
		if (mark != (taken->count == 0 ? 'F' : 'T'))
			return QUEUE_BAD_ENVELOPE;
		text = slice_from(text, 1);
		size_t len = slice_find(text, '\0');

		if (len > INTAKE_ADDRESS_MAX)
			return QUEUE_ADDRESS_TOO_LONG;
		if (len == text.len)
			return 0;
		int code = take(taken, mark, (struct slice){text.data, len});

		if (code != 0)
			return code;
		text = slice_from(text, len + 1);
	}
	return 0;
}

/* Each piece in memory of its own, so that a sanitizer sees its ends. */
static int
feed_pieces(struct intake *in, struct slice text, size_t most)
{
	int code = 0;

	for (size_t n = 1; code == 0 && text.len > 0; n = n % most + 1) {
		size_t len = n < text.len ? n : text.len;
		char *piece = malloc(len);

		fuzz_must(piece != NULL);
		memcpy(piece, text.data, len);
		code = intake_feed(in, (struct slice){piece, len});
		free(piece);
		text = slice_from(text, len);
	}
	return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct intake in;
	bool done;

	if (size < 3)
		return 0;
	/* The first octets: longest piece, address to refuse, long runs. */
	size_t run = (size_t)(data[2] & 7) * 251;
	struct taken wanted = {.refuse = data[1] & 15}, got = wanted;
	size_t len = size - 3 + run;
	char *text = malloc(len + 1);

	/* A run behind the first octet of what is left: long addresses. */
	fuzz_must(text != NULL);
	memset(text, 'x', len + 1);
	if (size > 3) {
		text[0] = (char)data[3];
		memcpy(text + 1 + run, data + 4, size - 4);
	}
	int code = read_whole((struct slice){text, len}, &wanted, &done);

	intake_start(&in, -1);
	in.take = take;
	in.context = &got;
	fuzz_must(feed_pieces(&in, (struct slice){text, len},
			  (size_t)data[0] * 8 + 1) == code);
	fuzz_must(code != 0 || (in.part == INTAKE_DONE) == done);
	fuzz_must(got.sum == wanted.sum && got.count == wanted.count);
	free(text);
	return 0;
}
