/* auth/dovecot_lines: what Dovecot, or whoever sits at its socket, says. */
/* prove: lib/base64.c lib/words.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value_of:-1 */
/* bound: 3 */
#include "auth/dovecot_lines.c"

#include "tests/prove/input.h"

/* Names of any kind. */
bool
authmechs_is_name(struct slice name)
{
	(void)slice_find(name, ' ');
	return any_bool();
}

void
word_temporary(struct word *word, const char *detail, bool set_up)
{
	(void)detail;
	word->set_up = set_up;
	word->result = EXCHANGE_TEMPORARY;
}

void
word_put(char *to, size_t cap, const char *from)
{
	(void)from;
	to[0] = to[cap - 1] = '\0';
}

void
prove(void)
{
	STRONG(line);
	ROOM(offered, 6);
	struct dovecot_handshake h = {
		.offered = offered, .version = any_bool()};
	static struct word word;
	struct slice domain = {"b.c", 3};

	(void)dovecot_hear_handshake(&h, line);
	hear_mechanism(&h, line);
	(void)hear_version(&h, line);
	(void)dovecot_hear_answer(&word, line, domain);
	hear_ok(&word, line, domain);
	hear_fail(&word, line, domain);
	hear_challenge(&word, line);
}
