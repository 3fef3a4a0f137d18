/*
 * bytes - see bytes.h. Run by every process, every tool and our queue programs.
 */
#include "lib/bytes.h"

#include <string.h>

struct slice
slice_of(const char *text)
{
	return (struct slice){text, text == NULL ? 0 : strlen(text)};
}

bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool
slice_equal_nocase(struct slice a, struct slice b)
{
	size_t i = 0;

	while (i < a.len && i < b.len &&
		bytes_lower(a.data[i]) == bytes_lower(b.data[i]))
		i++;
	return i == a.len && i == b.len;
}

/* Without strlen(): most texts differ in their first octet. */
bool
slice_is(struct slice a, const char *text)
{
	size_t i = 0;

	while (i < a.len && text[i] != '\0' && a.data[i] == text[i])
		i++;
	return i == a.len && text[i] == '\0';
}

/* How much of the text the slice begins with. */
static size_t
same_start(struct slice a, const char *text)
{
	size_t i = 0;

	while (i < a.len && text[i] != '\0' &&
		bytes_lower(a.data[i]) == bytes_lower(text[i]))
		i++;
	return i;
}

bool
slice_is_nocase(struct slice a, const char *text)
{
	size_t same = same_start(a, text);

	return same == a.len && text[same] == '\0';
}

bool
slice_starts(struct slice a, const char *prefix)
{
	size_t len = strlen(prefix);

	return a.len >= len && slice_equal((struct slice){a.data, len},
				       (struct slice){prefix, len});
}

bool
slice_starts_nocase(struct slice a, const char *prefix)
{
	return prefix[same_start(a, prefix)] == '\0';
}

struct slice
slice_from(struct slice a, size_t n)
{
	return (struct slice){a.data + n, a.len - n};
}

bool
slice_has_control(struct slice a)
{
	unsigned char before = 0;

	for (size_t i = 0; i < a.len; i++) {
		unsigned char c = (unsigned char)a.data[i];

		if (bytes_control(a.data[i]) ||
			(before == 0xc2 && c >= 0x80 && c < 0xa0))
			return true;
		before = c;
	}
	return false;
}

size_t
slice_find(struct slice a, char c)
{
	const char *at = a.len == 0 ? NULL : memchr(a.data, c, a.len);

	return at == NULL ? a.len : (size_t)(at - a.data);
}

size_t
slice_find_last(struct slice a, char c)
{
	const char *at = a.len == 0 ? NULL : memrchr(a.data, c, a.len);

	return at == NULL ? a.len : (size_t)(at - a.data);
}

struct slice
slice_split(struct slice *rest, char sep)
{
	size_t at = slice_find(*rest, sep);
	struct slice head = {rest->data, at};

	if (at == rest->len)
		*rest = SLICE_NONE;
	else
		*rest = slice_from(*rest, at + 1);
	return head;
}

bool
bytes_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool
bytes_space(char c)
{
	return bytes_blank(c) || c == '\n' || c == '\r';
}

bool
bytes_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

struct slice
slice_skip_blanks(struct slice a)
{
	while (a.len > 0 && bytes_blank(a.data[0]))
		a = slice_from(a, 1);
	return a;
}

struct slice
slice_word(struct slice *rest)
{
	struct slice word = {rest->data, 0};

	while (word.len < rest->len && !bytes_blank(word.data[word.len]))
		word.len++;
	*rest = slice_skip_blanks(slice_from(*rest, word.len));
	return word;
}

int
slice_number(struct slice text, uint64_t *value)
{
	uint64_t n = 0;

	if (text.len == 0)
		return -1;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)(unsigned char)text.data[i] - '0';

		if (digit > 9)
			return -1;
		if (n > (UINT64_MAX - digit) / 10)
			n = UINT64_MAX;
		else
			n = n * 10 + digit;
	}
	*value = n;
	return 0;
}

int
slice_string(struct slice a, char *out, size_t cap)
{
	if (a.len >= cap || slice_find(a, '\0') != a.len)
		return -1;
	if (a.len > 0)
		memcpy(out, a.data, a.len);
	out[a.len] = '\0';
	return 0;
}

char
bytes_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

char
bytes_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

bool
bytes_equal_constant_time(const void *a, const void *b, size_t len)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned char differ = 0;

	for (size_t i = 0; i < len; i++)
		differ |= (unsigned char)(x[i] ^ y[i]);
	return differ == 0;
}
