/* lib/der: four elements, and what is in the first. */
/* prove: lib/der.c lib/bytes.c */
/* split: lib/der.c|if (rest->len < head)|head */
/* split: lib/der.c|d->value = (struct slice){|len */
/* bound: 14 */
#include "lib/der.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	struct der d;
	struct slice value;

	if (!der_take(&text, &d))
		return;
	(void)der_take_a(&d.value, DER_SEQUENCE, &value);
	for (int i = 0; i < 3 && der_take(&text, &d); i++)
		;
}
