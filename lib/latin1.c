/*
 * latin1 - see latin1.h. Run by the authenticator and by smtpd-passwd, for
 * what DIGEST-MD5 hashes.
 */
#include "lib/latin1.h"

bool
latin1_is_needed(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] >= 0x80)
			return true;
	return false;
}

int
latin1_encode(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0x80) {
			if ((c != 0xc2 && c != 0xc3) || ++i == text.len ||
				((unsigned char)text.data[i] & 0xc0) != 0x80)
				return -1;
			c = (unsigned char)(c << 6 |
					    ((unsigned char)text.data[i] &
						    0x3f));
		}
		buffer_add_char(out, (char)c);
	}
	return out->overflow ? -1 : 0;
}

void
latin1_decode(struct buffer *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0x80) {
			buffer_add_char(out, (char)(0xc0 | c >> 6));
			c = 0x80 | (c & 0x3f);
		}
		buffer_add_char(out, (char)c);
	}
}
