/*
 * sasl/scram: the last message, against what was kept of the first, of any
 * length. What is computed from them are sums of fixed lengths.
 */
/* prove: sasl/scram_message.c lib/base64.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value_of:-1 */
/* bound: 3 */
#include "sasl/scram.c"

#include "tests/prove/input.h"

size_t
secret_hash_len(enum secret_kind kind)
{
	return kind == SECRET_SCRAM_SHA_1 ? 20 : 32;
}

void
prove(void)
{
	INPUT(response);
	static const struct authmech row = {.name = "SCRAM-SHA-256"};
	struct mechanism mechanism = {.row = &row};
	struct mechanism_facts facts = {.plus_offered = any_bool()};
	struct exchange x = {.mechanism = &mechanism, .facts = &facts};
	struct scram s = {.sent = {.kind = SECRET_SCRAM_SHA_256}};
	ROOM(message, 40);

	s.header_len = s.first_len = prove_length;
	s.server_first_len = prove_length + 2;
	s.nonce_at = 2;
	s.nonce_len = prove_length;
	auth_message(&s, response, &message);
	(void)binding_is_ours(&x, &s, response);
	(void)final_message(&x, &s, response);
}
