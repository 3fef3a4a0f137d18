/* control/control: lines of a file, of which a list is made, and its search. */
/* prove: control/relaylimits.c lib/bytes.c */
/* bound: 6 */
#include "control/control.c"

#include "control/relaylimits.h"
#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	struct slice rest = text, line;
	struct control_list list = {.text = (char *)text.data};
	size_t at = 0;

	while (next_line(&rest, &line))
		;
	if (prove_length == 0)
		return;
	/* control_list() sees to it that the last line has its end, too. */
	list.len = prove_length;
	while (control_next(&list, &at, &line))
		;
	(void)relaylimits_fault(&list);
	(void)relaylimits_find(&list, (struct slice){"ab", 2});
}
