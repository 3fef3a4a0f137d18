/* shown - see shown.h. */
#include "report/shown.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "lib/hex.h"
#include "lib/utf8.h"
#include "report/line.h"

static bool ascii_only;

void
shown_locale(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *value = NULL;

	for (size_t i = 0; i < 3 && (value == NULL || *value == '\0'); i++)
		value = getenv(names[i]);
	ascii_only =
		value == NULL || (strcasestr(value, "utf-8") == NULL &&
					 strcasestr(value, "utf8") == NULL);
	/* Of glibc's, wcwidth() knows no character beyond ASCII in "C". */
	(void)setlocale(LC_CTYPE, "C.UTF-8");
}

/* The character that a valid form of UTF-8 stands for. */
static uint32_t
character(const unsigned char *octets, size_t len)
{
	uint32_t c = len == 1 ? octets[0] : octets[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (octets[i] & 0x3f);
	return c;
}

/*
 * What turns the order of a line round, or is not seen at all: a name could
 * look like another one. (Unicode's marks for direction, joiners, line ends.)
 */
static bool
is_treacherous(uint32_t c)
{
	return c == 0xad || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	       (c >= 0xe0000 && c <= 0xe0fff);
}

/* Octets of the letter beyond ASCII at the front that may be shown. */
static size_t
letter(struct slice text, enum shown form)
{
	size_t len = utf8_length(text);

	if (len == 0 || (form == SHOWN_TEXT && ascii_only))
		return 0;
	return is_treacherous(character((const unsigned char *)text.data, len))
		       ? 0
		       : len;
}

static void
add_hex(struct buffer *out, char octet, enum shown form)
{
	buffer_add_text(out, form == SHOWN_LABEL ? "\\\\x" : "\\x");
	hex_encode(out, (struct slice){&octet, 1});
}

static void
add_ascii(struct buffer *out, char c, enum shown form)
{
	bool html = form == SHOWN_HTML;

	if ((unsigned char)c < ' ' || (unsigned char)c >= 0x7f)
		add_hex(out, c, form);
	else if (html && c == '<')
		buffer_add_text(out, "&lt;");
	else if (html && c == '>')
		buffer_add_text(out, "&gt;");
	else if (html && c == '&')
		buffer_add_text(out, "&amp;");
	else if (html && c == '"')
		buffer_add_text(out, "&quot;");
	else if (html && c == '\'')
		buffer_add_text(out, "&#39;");
	else if (form == SHOWN_LABEL && (c == '"' || c == '\\')) {
		buffer_add_char(out, '\\');
		buffer_add_char(out, c);
	} else
		buffer_add_char(out, c);
}

void
shown_octets(struct buffer *out, struct slice octets, enum shown form)
{
	while (octets.len > 0) {
		size_t len = letter(octets, form);

		if (len > 0)
			buffer_add(out, octets.data, len);
		else
			add_ascii(out, octets.data[0], form);
		octets = slice_from(octets, len > 0 ? len : 1);
	}
}

void
shown_add(struct buffer *out, struct slice value, enum shown form)
{
	char octets[2048];
	struct buffer plain = BUFFER_OVER(octets);

	line_decode(&plain, value);
	shown_octets(out, buffer_slice(&plain), form);
}

/* Octets and columns of the character at the front. */
static size_t
step(struct slice text, size_t *columns)
{
	size_t len = utf8_length(text);

	*columns = 1;
	if (len == 0)
		return 1;
	int width = wcwidth(
		(wchar_t)character((const unsigned char *)text.data, len));

	if (width >= 0)
		*columns = (size_t)width;
	return len;
}

struct slice
shown_cut(struct slice text, size_t columns)
{
	size_t at = 0, used = 0;

	while (at < text.len) {
		size_t wide, len = step(slice_from(text, at), &wide);

		if (used + wide > columns)
			break;
		used += wide;
		at += len;
	}
	return (struct slice){text.data, at};
}

size_t
shown_columns(struct slice text)
{
	size_t used = 0, wide;

	for (; text.len > 0; used += wide)
		text = slice_from(text, step(text, &wide));
	return used;
}
