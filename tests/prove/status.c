/* queue-handoff/status: what a program wrote about a refusal. */
/* prove: queue-handoff/status.c lib/utf8.c lib/buffer.c lib/bytes.c */
/* forget: queue-handoff/status.c|size_t marked =
 * marked_length(text);|out->data|out->len */
/* forget: queue-handoff/status.c|code = add_clean(&said|clean|said.len */
/* bound: 5 */
#include "queue-handoff/status.h"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(text);
	struct status *status = (struct status *)any_octets(sizeof *status);

	status_words(status, STATUS_REFUSED, text, "5.1.1 none");
	status_from_wait(status, QUEUE_CUSTOM << 8, text);
	if (prove_length == 0)
		status_from_wait(
			status, Frama_C_interval(0, 0xffff), SLICE_NONE);
}
