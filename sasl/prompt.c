/*
 * prompt - the mechanism LOGIN (draft-murchison-sasl-login): never a
 * standard, still what many programs use. The prompts are exactly these, since
 * some clients compare them. Run by the authenticator.
 */
#include <string.h>

#include "sasl/mechanism.h"

enum { START, WANT_NAME, WANT_PASSWORD };

static enum exchange_result
ask(struct exchange *x, const char *prompt, unsigned state)
{
	buffer_add_text(&x->challenge, prompt);
	x->state = state;
	return EXCHANGE_CHALLENGE;
}

/* The name waits in x->memory: two octets of length, then the text. */
static enum exchange_result
keep_name(struct exchange *x, struct slice name)
{
	if (name.len == 0 || name.len > USERS_LOGIN_MAX)
		return EXCHANGE_MALFORMED;
	x->memory[0] = (char)(name.len >> 8);
	x->memory[1] = (char)name.len;
	memcpy(x->memory + 2, name.data, name.len);
	return ask(x, "Password:", WANT_PASSWORD);
}

static enum exchange_result
prompt_step(struct exchange *x, struct slice response)
{
	size_t len = (size_t)(unsigned char)x->memory[0] << 8 |
		     (unsigned char)x->memory[1];

	switch (x->state) {
	case START:
		if (response.data == NULL)
			return ask(x, "Username:", WANT_NAME);
		return keep_name(x, response);
	case WANT_NAME:
		return keep_name(x, response);
	default:
		return mechanism_check_password(
			x, (struct slice){x->memory + 2, len}, response);
	}
}

const struct mechanism mechanism_login_prompt = {
	MECHANISM_ROW(login_prompt), prompt_step, SECRET_PASSWORDS};
