/*
 * hex - see hex.h. Run by the authenticator, smtpd-passwd, smtpd-check,
 * smtpd-report, and the keeper for names of files.
 */
#include "lib/hex.h"

#include <string.h>

static const char digits[] = "0123456789abcdef";

void
hex_encode(struct buffer *out, struct slice data)
{
	for (size_t i = 0; i < data.len; i++) {
		unsigned char octet = (unsigned char)data.data[i];

		buffer_add_char(out, digits[octet >> 4]);
		buffer_add_char(out, digits[octet & 15]);
	}
}

/* What a digit stands for, or -1. */
static int
value(char c)
{
	const char *at = memchr(digits, bytes_lower(c), sizeof digits - 1);

	return at == NULL ? -1 : (int)(at - digits);
}

int
hex_decode(struct buffer *out, struct slice text)
{
	if (text.len % 2 != 0)
		return -1;
	for (size_t i = 0; i < text.len; i += 2) {
		int high = value(text.data[i]), low = value(text.data[i + 1]);

		if (high == -1 || low == -1)
			return -1;
		buffer_add_char(out, (char)(high << 4 | low));
	}
	return out->overflow ? -1 : 0;
}
