/* session/data: DATA or BDAT, in two pieces. */
/* prove: session/data.c lib/scan.c lib/bytes.c */
/* forget: session/data.c|if (d->state == AT_START && !d->in_header)|f.in|f.end
 * - f.in */
/* forget: session/data.c|if (d->state == AT_START && !d->in_header)|out|f.out -
 * out */
/* bound: 3 */
#include "session/data.h"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(first);
	STRONG(second);
	STRONG(out);
	struct data d;
	size_t taken, len;

	data_start(&d, any_bool());
	if (data_feed(&d, first.data, first.len, &taken, (char *)out.data,
		    &len) == DATA_MORE)
		(void)data_feed(&d, second.data, second.len, &taken,
			(char *)out.data, &len);
	(void)data_finish(&d, (char *)out.data, &len);
	free((char *)first.data);
	free((char *)second.data);
	free((char *)out.data);
}
