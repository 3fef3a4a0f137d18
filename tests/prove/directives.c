/* sasl/directives: what a client of DIGEST-MD5 says. */
/* prove: sasl/directives.c lib/buffer.c lib/bytes.c */
/* bound: 5 */
#include "sasl/directives.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	ROOM(out, 6);
	struct slice name, value;

	while (directives_next(&text, &out, &name, &value) > 0)
		;
}
