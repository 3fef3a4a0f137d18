/* lib/buffer: what a log line shows of a client's text, and numbers. */
/* prove: lib/buffer.c lib/bytes.c */
/* bound: 8 */
#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	ROOM(out, 20);

	buffer_add_escaped(&out, text, 24);
	(void)buffer_string(&out);
	buffer_add_number(&out, prove_length);
}
