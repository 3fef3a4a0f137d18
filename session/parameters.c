/*
 * parameters - see parameters.h. Run by the session. One row of the table and
 * one function a parameter.
 */
#include "session/parameters.h"

#define SIZE_DIGITS 20 /* RFC 1870 §3 */

/*
 * Anybody can write this, so it is forgotten (RFC 4954 §5); and what it is
 * good for is no reason to refuse somebody's mail.
 */
static enum address_result
take_auth(struct slice value, bool utf8, struct mail_parameters *out)
{
	(void)utf8;
	(void)out;
	if (value.data == NULL)
		return ADDRESS_VALUE;
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)value.data[i] <= ' ' ||
			value.data[i] == 0x7f)
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

enum address_result
parameters_parse(
	struct slice text, bool utf8_offered, struct mail_parameters *out)
{
	bool seen[PARAMETERS] = {false};

	while (text.len > 0) {
		struct slice value = slice_word(&text);
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
