/* lib/chain: certificates, each behind its length. */
/* prove: lib/chain.c lib/bytes.c */
/* split: lib/chain.c|*der = (struct slice){chain->data|len */
/* bound: 24 */
#include "lib/chain.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	struct slice der;

	(void)chain_first(text);
	while (chain_take(&text, &der))
		;
}
