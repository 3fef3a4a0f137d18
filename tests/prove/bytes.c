/* lib/bytes: words, numbers, strings of what a client sends. */
/* prove: lib/bytes.c */
/* bound: 16 */
/* also: 24 32 */
#include "tests/prove/input.h"

static void
pieces(struct slice rest)
{
	(void)slice_word(&rest);
	(void)slice_split(&rest, ' ');
}

static void
values(struct slice text)
{
	uint64_t number;
	char room[16];

	(void)slice_number(text, &number);
	(void)slice_string(text, room, sizeof room);
}

void
prove(void)
{
	STRONG(text);

	pieces(text);
	values(text);
	(void)slice_find_last(text, '@');
	(void)slice_has_control(text);
	(void)slice_is_nocase(text, "LAST");
	(void)slice_starts(text, "HEAD ");
	(void)slice_starts_nocase(text, "HEAD ");
	(void)slice_skip_blanks(text);
}
