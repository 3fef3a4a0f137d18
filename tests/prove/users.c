/*
 * users/users: a record of the user file, and what stands in its field 5.
 * secret_parse() has a driver of its own.
 */
/* prove: lib/date.c lib/buffer.c lib/bytes.c */
/* forget: users/users.c|struct slice password = slice_split(&rest,
 * ':');|user->record|record.len */
/* bound: 5 */
#include "users/users.c"

#include "tests/prove/input.h"

int
secret_parse(struct secret *secret, struct slice text)
{
	secret->kind = SECRET_PLAIN;
	secret->text = text;
	return any_bool() ? 0 : -1;
}

void
prove(void)
{
	STRONG(text);
	struct user user;
	struct slice label, value;

	(void)take_word(text, "w_", &label, &value);
	(void)users_is_label(text);
	user.secrets_count = 1;
	user.secrets[0].label = text;
	user.secrets[0].expires = 0;
	set_expiry(&user, text, text);
	(void)users_parse(&user, text);
}
