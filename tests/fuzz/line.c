/*
 * Fuzz target: a line of any log. What is taken for one of ours is parsed,
 * every value is shown in each form, and nothing that acts comes out; what a
 * line says must be the same whatever form of label it has.
 *
 * Parsers: report/line.c report/stamp.c report/wanted.c report/shown.c
 *   report/accounts.c
 */
#include <string.h>

#include "report/accounts.h"
#include "report/line.h"
#include "report/shown.h"
#include "report/stamp.h"
#include "report/wanted.h"
#include "tests/fuzz/fuzz.h"

static void
show(struct slice value)
{
	char text[8192];
	struct buffer b = BUFFER_OVER(text);

	shown_add(&b, value, SHOWN_HTML);
	for (size_t i = 0; i < b.len; i++)
		fuzz_must((unsigned char)text[i] >= ' ' &&
			  strchr("<>\"'", text[i]) == NULL && text[i] != 0x7f);
	b.len = 0;
	shown_add(&b, value, SHOWN_LABEL);
	for (size_t i = 0; i < b.len; i++) {
		fuzz_must((unsigned char)text[i] >= ' ' && text[i] != '"');
		if (text[i] == '\\') {
			fuzz_must(++i < b.len &&
				  (text[i] == '\\' || text[i] == '"'));
		}
	}
	b.len = 0;
	shown_add(&b, value, SHOWN_TEXT);
	for (size_t i = 0; i < b.len; i++)
		fuzz_must((unsigned char)text[i] >= ' ' && text[i] != 0x7f);
	struct slice all = buffer_slice(&b), cut = shown_cut(all, 10);

	fuzz_must(shown_columns(cut) <= 10 && cut.len <= all.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stamp_reader reader = {.newest = 1795737600};
	struct stamp stamp;
	struct line line;
	char *copy = malloc(size + 1), network[NETWORK_TEXT];

	fuzz_must(copy != NULL);
	memcpy(copy, data, size);
	struct slice text = {copy, size};
	bool whole = line_parse(&line, text) == 0;

	if (!whole && stamp_take(&reader, &text, &stamp) == 0) {
		fuzz_must(stamp.clock != STAMP_NONE || stamp.seconds == 0);
		whole = line_parse(&line, text) == 0;
	}
	if (whole) {
		fuzz_must(line.count <= LINE_FIELDS && line.event < EVENTS);
		show(account_network(line.address, network));
		for (size_t i = 0; i < line.count; i++) {
			struct line_field f = line.fields[i];

			fuzz_must(f.key.len > 0 && f.key.data >= copy &&
				  f.value.data + f.value.len <= copy + size);
			show(f.value);
		}
		(void)wanted_message(&line, slice_of("a@b.example"));
		(void)wanted_user(&line, slice_of("joe"));
	}
	show((struct slice){copy, size < 2000 ? size : 2000});
	free(copy);
	return 0;
}
