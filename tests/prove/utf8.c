/* lib/utf8. */
/* prove: lib/utf8.c lib/bytes.c */
#include "lib/utf8.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);

	(void)utf8_length(text);
}
