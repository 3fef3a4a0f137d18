/* keeper/signer: what the session wants signed, of any length there is. */
/* prove: lib/bytes.c */
/* bound: 205 */
#include "keeper/signer.c"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);

	(void)input_has_form(text);
}
