/* lib/hex. */
/* prove: lib/hex.c lib/buffer.c lib/bytes.c */
#include "lib/hex.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	char room[32], encoded[64];
	struct buffer out = {room, 0, sizeof room, false};
	struct buffer back = {encoded, 0, sizeof encoded, false};

	if (hex_decode(&out, text) == 0)
		hex_encode(&back, buffer_slice(&out));
}
