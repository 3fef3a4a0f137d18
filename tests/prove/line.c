/* session/session: the end of a command's line, and what it begins with. */
/* prove: lib/bytes.c */
/* bound: 6 */
#include "session/session.c"

#include "tests/prove/input.h"

void
prove(void)
{
	STRONG(text);
	struct session s;
	struct slice argument = text;

	(void)slice_word(&argument);
	(void)is_http(text);
	(void)is_auth(text);
	s.line_len = prove_length;
	if (prove_length > 0)
		Frama_C_make_unknown(s.line, prove_length);
	(void)check_line(&s, prove_length + 1, any_bool());
}
