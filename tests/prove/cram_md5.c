/* sasl/cram_md5: the client's response. */
/* prove: lib/hex.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value:-1 */
/* bound: 3 */
#include "sasl/cram_md5.c"

#include "tests/prove/any_login.h"
#include "tests/prove/input.h"

enum exchange_result
mechanism_hand_over(
	struct exchange *x, struct slice secret, struct slice challenge)
{
	(void)x;
	(void)slice_find(secret, '\0');
	(void)slice_find(challenge, '\0');
	return EXCHANGE_COLLECTED;
}

void
prove(void)
{
	STRONG(response);
	struct exchange x = {.state = 1, .collect = true};

	(void)cram_step(&x, response);
	/* What stands behind the login, of the right length, too. */
	{
		unsigned char given[MD5_LEN];
		struct buffer digest = {(char *)given, 0, 2, false};

		(void)hex_decode(&digest, response);
	}
}
