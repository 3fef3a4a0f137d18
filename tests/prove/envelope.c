/* keeper/envelope: paths as a session says them. */
/* prove: keeper/envelope.c lib/bytes.c */
/* bound: 4 */
#include "keeper/envelope.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(path);
	static struct envelope e;

	(void)envelope_add(&e, 'F', path, SLICE_NONE);
	(void)envelope_add(&e, 'T', path, path);
	(void)envelope_add(&e, 'T', path, SLICE_NONE);
	(void)envelope_end(&e);
	(void)envelope_sender(&e);
	(void)envelope_recipient(&e);
}
