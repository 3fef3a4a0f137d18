/*
 * base64 - see base64.h. Run by main, session, keeper and authenticator, and by
 * smtpd-passwd and smtpd-check.
 */
#include "lib/base64.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
base64_encode(struct buffer *out, struct slice data)
{
	const unsigned char *in = (const unsigned char *)data.data;

	for (size_t left = data.len; left > 0;) {
		size_t n = left < 3 ? left : 3;
		uint32_t bits = (uint32_t)in[0] << 16;

		if (n > 1)
			bits |= (uint32_t)in[1] << 8;
		if (n > 2)
			bits |= in[2];
		buffer_add_char(out, alphabet[bits >> 18]);
		buffer_add_char(out, alphabet[bits >> 12 & 63]);
		buffer_add_char(out, n > 1 ? alphabet[bits >> 6 & 63] : '=');
		buffer_add_char(out, n > 2 ? alphabet[bits & 63] : '=');
		in += n;
		left -= n;
	}
}

/* Arithmetic and no table: what is loaded does not depend on a secret. */
static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int
base64_decode(struct buffer *out, struct slice text)
{
	size_t padding = 0;

	if (text.len % 4 != 0)
		return -1;
	while (padding < 2 && padding < text.len &&
		text.data[text.len - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < text.len; i += 4) {
		size_t pad = i + 4 == text.len ? padding : 0;
		uint32_t bits = 0;

		for (size_t k = 0; k < 4; k++) {
			int v = k < 4 - pad ? value_of(text.data[i + k]) : 0;

			if (v < 0)
				return -1;
			bits = bits << 6 | (uint32_t)v;
		}
		/* The bits under the padding must be zero. */
		if (bits & ((1u << 8 * pad) - 1))
			return -1;
		char octets[3] = {
			(char)(bits >> 16), (char)(bits >> 8), (char)bits};
		buffer_add(out, octets, 3 - pad);
	}
	return out->overflow ? -1 : 0;
}
