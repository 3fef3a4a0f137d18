/*
 * keeper/packet: the parts of a packet of any length, taken as the keeper
 * takes those of a message's envelope, the longest of them.
 */
/* prove: keeper/packet.c lib/bytes.c */
/* bound: 0 */
#include "keeper/channel.h"

#include "tests/prove/input.h"

void
prove(void)
{
	struct channel_message m;
	struct channel_open open;
	char helo[CHANNEL_HELO_MAX];
	size_t at = 0;

	Frama_C_make_unknown((char *)&m, sizeof m);
	m.len = Frama_C_unsigned_int_interval(0, CHANNEL_BODY_MAX);
	(void)channel_rest(&m, 0);
	if (channel_take(&m, &at, &open, sizeof open) == -1)
		return;
	if (open.helo_len > sizeof helo)
		return;
	/*@ split open.helo_len; */
	if (channel_take(&m, &at, helo, open.helo_len) == -1)
		return;
	(void)channel_rest(&m, at);
	(void)channel_add(&m, helo, open.helo_len);
}
