/* utf8 - see utf8.h. Run by the session, the keeper and smtpd-report. */
#include "lib/utf8.h"

size_t
utf8_length(struct slice text)
{
	/* The second octet's range depends on the first; the others' don't. */
	static const struct lead {
		unsigned char first, last, low, high;
		size_t len;
	} leads[] = {
		{0xc2, 0xc2, 0xa0, 0xbf, 2}, /* U+0080 to U+009F are controls */
		{0xc3, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, /* not overlong */
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, /* no surrogates */
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, /* not overlong */
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4}, /* up to U+10FFFF */
	};
	const unsigned char *c = (const unsigned char *)text.data;

	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		const struct lead *l = &leads[i];

		if (text.len < l->len || c[0] < l->first || c[0] > l->last)
			continue;
		if (c[1] < l->low || c[1] > l->high)
			return 0;
		for (size_t k = 2; k < l->len; k++)
			if ((c[k] & 0xc0) != 0x80)
				return 0;
		return l->len;
	}
	return 0;
}
