/* proxy/: a PROXY header of either version, octet by octet. */
/* prove: proxy/proxyheader.c proxy/tlv.c lib/bytes.c */
/* forget: proxy/proxyheader.c|h->family = (sa_family_t)family;|h->octets|h->len
 */
/* forget: proxy/proxyheader.c|return h->len < sizeof h->octets
 * ?|h->octets|h->len */
/* bound: 17 */
#include "proxy/proxyheader.h"

#include "tests/prove/input.h"

void
prove(void)
{
	struct proxyheader h;

	if (prove_length < PROVE_MAX)
		return;
	proxyheader_init(&h);
	for (size_t i = 0; i < prove_length; i++) {
		unsigned char octet;

		if (h.verdict == PROXYHEADER_MORE)
			(void)proxyheader_room(&h);
		Frama_C_make_unknown((char *)&octet, 1);
		proxyheader_take(&h, &octet, 1);
	}
}
