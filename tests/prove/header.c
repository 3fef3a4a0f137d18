/* session/header: the header's automaton, in two pieces. */
/* prove: session/header.c lib/buffer.c lib/date.c lib/bytes.c */
/* forget: session/header.c|struct slice rest = slice_from(*text,
 * n);|h->name|sizeof h->name */
/* forget: session/header.c|struct slice rest = slice_from(*text,
 * n);|&h->first|1 */
/* forget: session/header.c|struct slice rest = slice_from(*text,
 * n);|h->message_id|h->message_id_len */
/* forget: session/header.c|if (held > 0 && undecided(h)) {|h->name|sizeof
 * h->name */
/* forget: session/header.c|size_t held = h->held_len;|&h->first|1 */
/* forget: session/header.c|if (held > 0 && undecided(h)) {|h->held|held */
/* forget: session/header.c|if (held > 0 && undecided(h))
 * {|h->message_id|h->message_id_len */
/* bound: 2 */
#include "session/header.h"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(first);
	STRONG(second);
	static const struct header_origin origin = {
		{"7.8.9", 5}, {"mx.example", 10}, 0};
	struct header h;
	struct slice out;

	header_start(&h, any_bool() ? &origin : NULL);
	while (header_next(&h, &first, &out))
		;
	while (header_next(&h, &second, &out))
		;
	header_end(&h);
	while (header_next(&h, &second, &out))
		;
	(void)header_message_id(&h);
}
