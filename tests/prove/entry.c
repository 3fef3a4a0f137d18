/* control/entry: what is wrong with a line of a control file. */
/* prove: control/entry.c lib/bytes.c */
/* bound: 10 */
#include "control/entry.h"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);

	(void)entry_fault(text, ENTRY_DOMAIN);
	(void)entry_fault(text, ENTRY_SENDER);
}
