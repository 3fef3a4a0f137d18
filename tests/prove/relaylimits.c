/* control/relaylimits: lines "user:number". */
/* prove: lib/bytes.c */
/* bound: 24 */
/* also: 32 64 */
#include "control/relaylimits.c"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(line);
	struct slice user;
	uint64_t limit;

	(void)parse(line, &user, &limit);
}
