/*
 * buffer - see buffer.h. Run by every process, every tool and our queue
 * programs.
 */
#include "lib/buffer.h"

#include <string.h>

void
buffer_add(struct buffer *b, const void *data, size_t len)
{
	if (b->overflow || len > b->cap - b->len) {
		b->overflow = true;
		return;
	}
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

void
buffer_add_slice(struct buffer *b, struct slice text)
{
	buffer_add(b, text.data, text.len);
}

void
buffer_add_text(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}

void
buffer_add_char(struct buffer *b, char c)
{
	buffer_add(b, &c, 1);
}

void
buffer_add_number(struct buffer *b, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buffer_add(b, digits + at, sizeof digits - at);
}

void
buffer_add_escaped(struct buffer *b, struct slice text, size_t max)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];
		char shown[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
		bool plain = c > ' ' && c < 0x7f && c != '\\';
		size_t len = plain ? 1 : sizeof shown;

		if (len > max)
			return;
		buffer_add(b, plain ? (const void *)&c : shown, len);
		max -= len;
	}
}

struct slice
buffer_slice(const struct buffer *b)
{
	return (struct slice){b->data, b->len};
}

const char *
buffer_string(struct buffer *b)
{
	buffer_add_char(b, '\0');
	return b->overflow ? NULL : b->data;
}
