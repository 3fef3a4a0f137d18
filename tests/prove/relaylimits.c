/* control/relaylimits: lines "user:number". */
/* prove: lib/bytes.c */
/* bound: 10 */
#include "control/relaylimits.c"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(line);
	struct slice user;
	uint64_t limit;

	(void)parse(line, &user, &limit);
}
