/* sasl/scram_message: a client's first and last message. */
/* prove: sasl/scram_message.c lib/buffer.c lib/bytes.c */
/* bound: 6 */
#include "sasl/scram_message.h"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	struct scram_first first;
	struct scram_final last;
	ROOM(out, 6);

	if (scram_parse_first(text, &first) == 0)
		(void)scram_decode_name(first.name, &out);
	(void)scram_decode_name(text, &out);
	(void)scram_parse_final(text, &last);
}
