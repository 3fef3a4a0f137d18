/* control/validrcptto: a recipient, looked up in a text. cdbread has its own.
 */
/* prove: lib/bytes.c */
/* bound: 5 */
#include "control/validrcptto.c"

#include "tests/prove/input.h"

bool
control_next(const struct control_list *list, size_t *at, struct slice *line)
{
	(void)at;
	*line = (struct slice){list->text, list->len};
	return list->len > 0 && any_bool();
}

void
prove(void)
{
	STRONG(recipient);
	STRONG(line);
	struct validrcptto v = {
		.cdb = -1, .text = {true, (char *)line.data, line.len}};

	(void)has_positive(&v.text);
	(void)validrcptto_find(&v, recipient);
}
