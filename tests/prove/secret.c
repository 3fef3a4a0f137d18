/* users/secret: a secret of the user file, and each kind's value alone. */
/* prove: users/cost.c lib/base64.c lib/hex.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value:-1,value_of:-1 */
/* bound: 5 */
#include "users/secret.c"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	struct secret secret = {.kind = SECRET_SCRAM_SHA_1};

	(void)parse_scram(&secret, text);
	(void)parse_digest(&secret, text);
	(void)parse_hex(&secret, text, MD5_LEN);
	(void)parse_hex(&secret, text, 4);
	(void)parse_crypt(&secret, text);
	(void)secret_parse(&secret, text);
}
