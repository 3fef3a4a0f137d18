/* directives - see directives.h. Run by the authenticator. */
#include "sasl/directives.h"

static void
skip_spaces(struct slice *rest)
{
	while (rest->len > 0 && bytes_space(rest->data[0]))
		*rest = slice_from(*rest, 1);
}

/* Octets that need no quotes: CHAR but for controls and separators. */
static bool
is_token(char c)
{
	struct slice separators = slice_of("()<>@,;:\\\"/[]?={}");

	return c > ' ' && c < 0x7f &&
	       slice_find(separators, c) == separators.len;
}

static struct slice
take_token(struct slice *rest)
{
	struct slice token = {rest->data, 0};

	while (token.len < rest->len && is_token(rest->data[token.len]))
		token.len++;
	*rest = slice_from(*rest, token.len);
	return token;
}

static int
take_quoted(struct slice *rest, struct buffer *text, struct slice *value)
{
	size_t start = text->len;

	*rest = slice_from(*rest, 1);
	for (; rest->len > 0; *rest = slice_from(*rest, 1)) {
		char c = rest->data[0];

		if (c == '"') {
			*rest = slice_from(*rest, 1);
			*value = (struct slice){
				text->data + start, text->len - start};
			return text->overflow ? -1 : 0;
		}
		if (c == '\\') {
			*rest = slice_from(*rest, 1);
			if (rest->len == 0)
				return -1;
			c = rest->data[0];
		}
		buffer_add_char(text, c);
	}
	return -1;
}

int
directives_next(struct slice *rest, struct buffer *text, struct slice *name,
	struct slice *value)
{
	/* Elements of the list may be empty (RFC 2831 §7.1). */
	do {
		skip_spaces(rest);
		if (rest->len == 0)
			return 0;
		if (rest->data[0] != ',')
			break;
		*rest = slice_from(*rest, 1);
	} while (true);
	*name = take_token(rest);
	skip_spaces(rest);
	if (name->len == 0 || rest->len == 0 || rest->data[0] != '=')
		return -1;
	*rest = slice_from(*rest, 1);
	skip_spaces(rest);
	if (rest->len > 0 && rest->data[0] == '"') {
		if (take_quoted(rest, text, value) == -1)
			return -1;
	} else {
		*value = take_token(rest);
		if (value->len == 0)
			return -1;
	}
	skip_spaces(rest);
	return rest->len == 0 || rest->data[0] == ',' ? 1 : -1;
}

void
directives_quote(struct buffer *out, struct slice text)
{
	buffer_add_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buffer_add_char(out, '\\');
		buffer_add_char(out, text.data[i]);
	}
	buffer_add_char(out, '"');
}
