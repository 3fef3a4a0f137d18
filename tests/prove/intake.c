/* queue/intake: an envelope as a queue program reads it, in two pieces. */
/* prove: lib/bytes.c */
/* bound: 5 */
#include "queue/intake.c"

#include "tests/prove/input.h"

static int
take(void *context, char type, struct slice address)
{
	(void)context;
	(void)type;
	(void)slice_find(address, '\0');
	return any_bool() ? 0 : 1;
}

void
prove(void)
{
	STRONG(first);
	STRONG(second);
	struct intake in = {.take = take};

	if (intake_feed(&in, first) == 0)
		(void)intake_feed(&in, second);
}
