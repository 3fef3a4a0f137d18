/* sasl/plain, and what it shares with LOGIN and the others. */
/* prove: sasl/plain.c lib/buffer.c lib/bytes.c */
/* forget: sasl/mechanism.c|x->login_len = x->name_len = b.len;|x->login|b.len
 */
/* bound: 3 */
#include "sasl/mechanism.c"

#include "tests/prove/input.h"

#include "tests/prove/models/users.h"

void
prove(void)
{
	STRONG(response);
	struct exchange x = {.authdomain = {"b.c", 3}, .collect = any_bool()};

	x.challenge = (struct buffer){
		x.challenge_text, 0, prove_length > 4 ? 6 : 99, false};
	(void)mechanism_plain.step(&x, response);
}
