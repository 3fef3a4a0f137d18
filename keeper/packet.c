/*
 * packet - what a packet of the channel holds, and the times that both sides
 * count alike: no descriptor is touched. See channel.h. Run by the session and
 * the keeper.
 */
#include <string.h>

#include "keeper/channel.h"

void
channel_start(struct channel_message *m, enum channel_type type, unsigned code)
{
	m->type = (unsigned char)type;
	m->code = (unsigned char)code;
	m->len = 0;
}

int
channel_add(struct channel_message *m, const void *data, size_t len)
{
	if (len > sizeof m->body - m->len)
		return -1;
	if (len > 0)
		memcpy(m->body + m->len, data, len);
	m->len += len;
	return 0;
}

int
channel_take(
	const struct channel_message *m, size_t *at, void *data, size_t len)
{
	if (len > m->len - *at)
		return -1;
	memcpy(data, m->body + *at, len);
	*at += len;
	return 0;
}

int64_t
channel_held(int64_t took)
{
	return took < CHANNEL_HELD_MAX ? took : CHANNEL_HELD_MAX;
}

int64_t
channel_message_ms(uint64_t octets)
{
	uint64_t slow = CHANNEL_MESSAGE_MS - CHANNEL_RATE_FREE_MS;

	if (octets > slow / CHANNEL_RATE_MS_AN_OCTET)
		return CHANNEL_MESSAGE_MS;
	return CHANNEL_RATE_FREE_MS +
	       (int64_t)(octets * CHANNEL_RATE_MS_AN_OCTET);
}

struct slice
channel_rest(const struct channel_message *m, size_t at)
{
	return (struct slice){(const char *)m->body + at, m->len - at};
}
