/* lib/bytes: words, numbers, strings of what a client sends. */
/* prove: lib/bytes.c */
#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	struct slice rest = text;
	uint64_t number;
	char room[16];

	(void)slice_word(&rest);
	(void)slice_split(&rest, ' ');
	(void)slice_number(text, &number);
	(void)slice_string(text, room, sizeof room);
	(void)slice_find_last(text, '@');
	(void)slice_has_control(text);
	(void)slice_is_nocase(text, "LAST");
	(void)slice_starts_nocase(text, "HEAD ");
	(void)slice_skip_blanks(text);
}
