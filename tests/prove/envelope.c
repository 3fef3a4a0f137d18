/* keeper/envelope: paths as a session says them, and two of them again. */
/* prove: keeper/envelope.c lib/bytes.c */
/* bound: 4 */
/* also: 64 320 1000 */
#include "keeper/envelope.h"

#include "tests/prove/input.h"

/* The longer, the more places where one may seem to end. */
#define FOUND_MAX 1

static void
again(const struct envelope *e)
{
	(void)envelope_sender(e);
	(void)envelope_recipient(e);
	(void)envelope_holds(e, (struct slice){"ab", 2});
}

void
prove(void)
{
	INPUT(path);
	struct envelope e = {.len = 0};

	(void)envelope_add(&e, 'F', path, SLICE_NONE);
	(void)envelope_add(&e, 'T', path, path);
	(void)envelope_add(&e, 'T', path, SLICE_NONE);
	(void)envelope_end(&e);
	if (prove_length <= FOUND_MAX)
		again(&e);
}
