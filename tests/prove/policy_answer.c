/* keeper/policy_answer: what a policy daemon says. */
/* prove: keeper/policy_answer.c queue-handoff/status.c lib/utf8.c lib/buffer.c
 * lib/bytes.c */
/* forget: queue-handoff/status.c|size_t marked =
 * marked_length(text);|out->data|out->len */
/* bound: 8 */
#include "keeper/policy_answer.h"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	struct policy_answer answer;
	size_t len = policy_answer_length(text);

	policy_answer_read(&answer, (struct slice){text.data, len});
}
