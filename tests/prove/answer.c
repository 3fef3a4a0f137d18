/* queue/answer: what a QMQP server says, in two pieces; and what it means. */
/* prove: lib/bytes.c */
/* split: queue/answer.c|n = a->want - a->come;|a->want */
/* bound: 8 */
#include "queue/answer.c"

#include "tests/prove/input.h"

void
prove(void)
{
	INPUT(first);
	INPUT(second);
	struct answer answer = {0};

	answer_feed(&answer, first);
	answer_feed(&answer, second);
	(void)answer_ended(&answer);
	(void)has_one_of(first, denials, sizeof denials / sizeof *denials);
	(void)has_one_of(first, sizes, sizeof sizes / sizeof *sizes);
	answer = (struct answer){.part = ANSWER_WHOLE, .len = 1};
	Frama_C_make_unknown(answer.text, 1);
	(void)answer_meaning(&answer);
}
