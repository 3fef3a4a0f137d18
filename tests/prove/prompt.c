/* sasl/prompt: LOGIN's name, then its password. */
/* prove: lib/buffer.c lib/bytes.c */
/* bound: 3 */
#include "sasl/prompt.c"

#include "tests/prove/input.h"

enum exchange_result
mechanism_check_password(
	struct exchange *x, struct slice login, struct slice password)
{
	(void)x;
	(void)slice_find(login, '\0');
	(void)slice_find(password, '\0');
	return EXCHANGE_OK;
}

bool
mechanism_password_usable(const struct user *user)
{
	(void)user;
	return any_bool();
}

void
prove(void)
{
	STRONG(name);
	STRONG(password);
	struct exchange x = {.state = START};

	x.challenge = (struct buffer){
		x.challenge_text, 0, sizeof x.challenge_text, false};
	if (any_bool())
		(void)prompt_step(&x, SLICE_NONE);
	if (prompt_step(&x, name) == EXCHANGE_CHALLENGE)
		(void)prompt_step(&x, password);
}
