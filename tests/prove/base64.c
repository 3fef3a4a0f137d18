/* lib/base64, both ways, into room that is too small, too. */
/* prove: lib/base64.c lib/buffer.c lib/bytes.c */
#include "lib/base64.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	char room[48], encoded[96];
	struct buffer out = {room, 0, sizeof room, false};
	struct buffer back = {encoded, 0, sizeof encoded, false};

	if (base64_decode(&out, text) == 0)
		base64_encode(&back, buffer_slice(&out));
}
