/*
 * Fuzz target: a QMQP server's answer in pieces of fuzzed length, against
 * the grammar read off the whole in one pass below; and the same octets as a
 * list of servers, which read again from what it was understood as must be
 * the same.
 *
 * Parsers: queue/answer.c queue/servers.c
 */
#include "queue/answer.h"
#include "queue/servers.h"

#include <string.h>

#include "lib/buffer.h"
#include "tests/fuzz/fuzz.h"

/* The reference: how it ends, and the text as far as it is there. */
static enum answer_part
read_whole(struct slice octets, struct slice *text)
{
	size_t colon = slice_find(octets, ':');
	struct slice digits = {octets.data, colon};
	uint64_t len = 0;

	*text = (struct slice){octets.data, 0};
	if (digits.len > 0 &&
		(slice_number(digits, &len) == -1 || len == 0 ||
			len > ANSWER_LONGEST || digits.data[0] == '0'))
		return ANSWER_NONSENSE;
	if (colon == octets.len)
		return ANSWER_LENGTH;
	if (digits.len == 0)
		return ANSWER_NONSENSE;
	octets = slice_from(octets, colon + 1);
	*text = (struct slice){
		octets.data, octets.len < len ? octets.len : (size_t)len};
	if (text->len > ANSWER_MAX)
		text->len = ANSWER_MAX;
	if (octets.len < len)
		return ANSWER_TEXT;
	if (octets.len == len)
		return ANSWER_COMMA;
	return octets.data[len] == ',' ? ANSWER_WHOLE : ANSWER_NONSENSE;
}

/* Each piece in memory of its own, so that a sanitizer sees its ends. */
static void
feed_pieces(struct answer *answer, struct slice text, size_t most)
{
	for (size_t n = 1; text.len > 0; n = n % most + 1) {
		size_t len = n < text.len ? n : text.len;
		char *piece = malloc(len);

		fuzz_must(piece != NULL);
		memcpy(piece, text.data, len);
		answer_feed(answer, (struct slice){piece, len});
		free(piece);
		text = slice_from(text, len);
	}
}

static void
try_answer(struct slice octets, size_t most)
{
	static struct answer answer;
	struct slice text;
	enum answer_part part = read_whole(octets, &text);

	answer = (struct answer){.len = 0};
	feed_pieces(&answer, octets, most);
	fuzz_must(answer.part == part);
	fuzz_must(slice_equal(answer_text(&answer), text));
	fuzz_must(answer_ended(&answer) ==
		  (part == ANSWER_WHOLE || part == ANSWER_NONSENSE));
	enum answer_meaning meaning = answer_meaning(&answer);
	bool taken =
		part != ANSWER_NONSENSE && text.len > 0 && text.data[0] == 'K';

	fuzz_must((meaning == ANSWER_TAKEN) == taken);
	fuzz_must(meaning < ANSWER_NEVER || text.data[0] == 'D');
}

static void
try_servers(struct slice text)
{
	static struct servers first, again;
	static char room[SERVERS_MAX * SERVERS_NAME];
	struct buffer names = BUFFER_OVER(room);
	struct slice line;

	if (servers_parse(&first, text, &line) != NULL) {
		fuzz_must(first.count <= SERVERS_MAX);
		return;
	}
	fuzz_must(first.count > 0 && first.count <= SERVERS_MAX);
	for (size_t i = 0; i < first.count; i++) {
		buffer_add_text(&names, first.all[i].name);
		buffer_add_char(&names, '\n');
	}
	fuzz_must(servers_parse(&again, buffer_slice(&names), &line) == NULL);
	fuzz_must(again.count == first.count);
	for (size_t i = 0; i < first.count; i++)
		fuzz_must(first.all[i].len == again.all[i].len &&
			  memcmp(&first.all[i].address, &again.all[i].address,
				  first.all[i].len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	/* The first octets: longest piece, so many runs of x before the last
	 * octet. */
	size_t run = (size_t)(data[1] & 7) * 180, len = size - 2 + run;
	char *text = malloc(len + 1);

	fuzz_must(text != NULL);
	memset(text, 'x', len + 1);
	if (size > 2) {
		memcpy(text, data + 2, size - 3);
		text[len - 1] = (char)data[size - 1];
	}
	try_answer((struct slice){text, len}, (size_t)data[0] + 1);
	try_servers((struct slice){text, len});
	free(text);
	return 0;
}
