/* lib/words: lists of names. */
/* prove: lib/words.c lib/buffer.c lib/bytes.c */
/* bound: 12 */
#include "lib/words.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	ROOM(out, 8);

	(void)words_has(text, slice_of("NAME"));
	words_add(&out, text);
	words_add(&out, text);
}
