/* mailbox - see mailbox.h. Run by queue-sendmail. */
#include "queue/mailbox.h"

#include <string.h>

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (unsigned char)c >= 0x80;
}

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* atext of RFC 5321 and 6531. */
static bool
is_atom(char c)
{
	return is_word(c) || is_one_of(c, "!#$%&'*+-/=?^_`{|}~");
}

/* Words of is_member's characters with single dots between them. */
static bool
is_dotted(struct slice text, bool (*is_member)(char c))
{
	bool word = false;

	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '.' ? !word : !is_member(text.data[i]))
			return false;
		word = text.data[i] != '.';
	}
	return word;
}

static bool
is_atom_or_dot(char c)
{
	return is_atom(c) || c == '.';
}

static bool
is_domain_member(char c)
{
	return is_word(c) || c == '-' || c == '_';
}

static bool
all_are(struct slice text, bool (*is_member)(char c))
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_member(text.data[i]))
			return false;
	return true;
}

/* The inside of an address literal: [192.0.2.1], [IPv6:2001:db8::1]. */
static bool
is_literal(struct slice text)
{
	if (text.len < 3 || text.data[0] != '[' ||
		text.data[text.len - 1] != ']')
		return false;
	for (size_t i = 1; i < text.len - 1; i++)
		if (!is_word(text.data[i]) && !is_one_of(text.data[i], ".:-"))
			return false;
	return true;
}

/* "text", or -1 when it holds what must not go out. */
static int
write_quoted(struct buffer *out, struct slice text)
{
	buffer_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (bytes_control(c) || is_one_of(c, ",<>"))
			return -1;
		if (is_one_of(c, "\"\\"))
			buffer_add_char(out, '\\');
		buffer_add_char(out, c);
	}
	buffer_add_char(out, '"');
	return 0;
}

int
mailbox_write(struct buffer *out, struct slice address, bool quotes)
{
	size_t at = slice_find_last(address, '@');
	struct slice local = {address.data, at};
	struct slice rest = slice_from(address, at);

	if (at == address.len) {
		/* What sendmail programs once took for a command, a file. */
		if (at == 0 || is_one_of(address.data[0], "|/"))
			return -1;
	} else {
		struct slice domain = slice_from(rest, 1);

		if (at == 0 || (!is_dotted(domain, is_domain_member) &&
				       !is_literal(domain)))
			return -1;
	}
	if (is_dotted(local, is_atom) ||
		(!quotes && all_are(local, is_atom_or_dot)))
		buffer_add_slice(out, local);
	else if (!quotes || write_quoted(out, local) == -1)
		return -1;
	buffer_add_slice(out, rest);
	return out->overflow ? -1 : 0;
}
