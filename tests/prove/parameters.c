/* session/parameters: what follows MAIL's path. */
/* prove: session/parameters.c lib/bytes.c */
/* bound: 9 */
#include "session/parameters.h"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	struct mail_parameters parameters = {0};

	(void)parameters_parse(text, any_bool(), &parameters);
}
