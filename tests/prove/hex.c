/* lib/hex, both ways, into room that is too small, too. */
/* prove: lib/hex.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value:-1 */
/* bound: 24 */
/* also: 48 64 */
#include "lib/hex.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	ROOM(out, 7);
	ROOM(back, 12);

	if (hex_decode(&out, text) == 0)
		hex_encode(&back, buffer_slice(&out));
	hex_encode(&back, text);
}
