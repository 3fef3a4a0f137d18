/*
 * parameters - see parameters.h. Run by the session. One row of the table and
 * one function a parameter.
 */
#include "session/parameters.h"

#include "lib/buffer.h"

#define SIZE_DIGITS 20 /* RFC 1870 §3 */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* 0 to 15, or -1; xtext knows upper case only. */
static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3461 §4 */
static int
decode_xtext(struct slice text, struct buffer *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		if (c < '!' || c > '~' || c == '=')
			return -1;
		if (c == '+') {
			if (text.len - i < 3)
				return -1;
			int high = hex_digit(text.data[++i]);
			int low = hex_digit(text.data[++i]);

			if (high == -1 || low == -1)
				return -1;
			c = (char)(high << 4 | low);
		}
		buffer_add_char(out, c);
	}
	return out->overflow ? -1 : 0;
}

/* Anybody can write this, so it is checked and forgotten (RFC 4954 §5). */
static enum address_result
take_auth(struct slice value, bool utf8, struct mail_parameters *out)
{
	char text[ADDRESS_MAX];
	struct buffer decoded = BUFFER_OVER(text);
	struct address ignored = {.len = 0};

	(void)out;
	if (slice_is(value, "<>"))
		return ADDRESS_OK;
	if (decode_xtext(value, &decoded) == -1 ||
		address_mailbox(buffer_slice(&decoded), utf8, &ignored) == -1)
		return ADDRESS_VALUE;
	return ADDRESS_OK;
}

static enum address_result
take_size(struct slice value, bool utf8, struct mail_parameters *out)
{
	(void)utf8;
	if (value.len > SIZE_DIGITS || slice_number(value, &out->size) == -1)
		return ADDRESS_VALUE;
	out->has_size = true;
	return ADDRESS_OK;
}

static enum address_result
take_body(struct slice value, bool utf8, struct mail_parameters *out)
{
	(void)utf8;
	if (slice_is_nocase(value, "7BIT"))
		out->body = BODY_7BIT;
	else if (slice_is_nocase(value, "8BITMIME"))
		out->body = BODY_8BITMIME;
	else
		return ADDRESS_PARAMETER;
	return ADDRESS_OK;
}

static enum address_result
take_smtputf8(struct slice value, bool utf8, struct mail_parameters *out)
{
	if (!utf8)
		return ADDRESS_PARAMETER;
	if (value.data != NULL)
		return ADDRESS_VALUE;
	out->smtputf8 = true;
	return ADDRESS_OK;
}

static const struct parameter {
	const char *name;
	enum address_result (*take)(
		struct slice value, bool utf8, struct mail_parameters *out);
} parameters[] = {
	{"SIZE", take_size},
	{"BODY", take_body},
	{"SMTPUTF8", take_smtputf8},
	{"AUTH", take_auth},
};

#define PARAMETERS (sizeof parameters / sizeof *parameters)

/* Takes what stands before the next blank, and the blanks. */
static struct slice
take_word(struct slice *rest)
{
	struct slice word = {rest->data, 0};
	size_t n;

	while (word.len < rest->len && !is_blank(word.data[word.len]))
		word.len++;
	for (n = word.len; n < rest->len && is_blank(rest->data[n]); n++)
		;
	*rest = slice_from(*rest, n);
	return word;
}

enum address_result
parameters_parse(
	struct slice text, bool utf8_offered, struct mail_parameters *out)
{
	bool seen[PARAMETERS] = {false};

	while (text.len > 0) {
		struct slice value = take_word(&text);
		struct slice name = slice_split(&value, '=');
		size_t i = 0;

		while (i < PARAMETERS &&
			!slice_is_nocase(name, parameters[i].name))
			i++;
		if (i == PARAMETERS || seen[i])
			return ADDRESS_PARAMETER;
		seen[i] = true;
		enum address_result result =
			parameters[i].take(value, utf8_offered, out);

		if (result != ADDRESS_OK)
			return result;
	}
	return ADDRESS_OK;
}
