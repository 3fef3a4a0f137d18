/* lib/base64, both ways, into room that is too small, too. */
/* prove: lib/base64.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value_of:-1 */
/* bound: 24 */
/* also: 48 64 */
#include "lib/base64.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	ROOM(out, 20);
	ROOM(back, 40);

	if (base64_decode(&out, text) == 0)
		base64_encode(&back, buffer_slice(&out));
	base64_encode(&back, text);
}
