/* hello - see hello.h. Run by the session. */
#include "session/hello.h"

#include <bearssl/bearssl.h>
#include <string.h>

#include "keeper/channel.h"

void
hello_add(struct hello *h, const unsigned char *data, size_t len)
{
	size_t room = sizeof h->octets - h->len;

	if (len > room)
		len = room;
	memcpy(h->octets + h->len, data, len);
	h->len += len;
}

uint16_t
hello_offered_ssl(const struct hello *h, unsigned version)
{
	/*
	 * A length with the highest bit set, then CLIENT-HELLO: the form of
	 * SSL 2, whatever version stands in it. RFC 5246, appendix E.2
	 */
	if (h->len == sizeof h->octets && h->octets[0] & 0x80 &&
		h->octets[2] == 1)
		return CHANNEL_SSL_2;
	return version == BR_SSL30 ? CHANNEL_SSL_3 : 0;
}

void
hello_name_version(unsigned char *record, unsigned version)
{
	if (record[1] != 0 || record[2] != 0)
		return;
	if (version < BR_SSL30)
		version = BR_TLS10;
	if (version > BR_TLS12)
		version = BR_TLS12;
	record[1] = (unsigned char)(version >> 8);
	record[2] = (unsigned char)version;
}
