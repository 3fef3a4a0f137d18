/*
 * proxy/: behind a header's first octets, each on its own: the two ends in
 * version 1, the addresses and the values in version 2.
 */
/* prove: proxy/tlv.c lib/bytes.c */
/* bound: 8 */
/* also: 12 */
#include "proxy/proxyheader.c"

#include "tests/prove/input.h"

static void
ends(struct slice text, int family)
{
	struct proxyheader h;

	proxyheader_init(&h);
	(void)read_ends(&h, family, text);
}

static void
addresses(sa_family_t family)
{
	struct proxyheader h;

	proxyheader_init(&h);
	Frama_C_make_unknown(h.octets, sizeof h.octets);
	h.family = family;
	read_addresses(&h);
}

static void
values(size_t left)
{
	struct tlv tlv = {.tls = false};

	while (left > 0) {
		unsigned char octet;

		Frama_C_make_unknown((char *)&octet, 1);
		if (tlv_take(&tlv, octet, --left) == -1)
			return;
	}
	(void)tlv_is_whole(&tlv);
}

void
prove(void)
{
	STRONG(text);

	ends(text, AF_INET);
	ends(text, AF_INET6);
	addresses(AF_INET);
	addresses(AF_INET6);
	values(prove_length);
}
