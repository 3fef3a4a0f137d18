/*
 * session/address: the arguments of MAIL and RCPT; and what stands behind
 * "FROM:" and "TO:" on its own, as so few octets hold nothing else.
 */
/* prove: session/parameters.c lib/utf8.c lib/bytes.c */
/* forget: session/address.c|if (!slice_starts_nocase(p->rest,
 * prefix))|p->out->text|sizeof p->out->text */
/* bound: 5 */
#include "session/address.c"

#include "tests/prove/input.h"

static void
path(struct slice text, bool utf8, enum path_rule rule)
{
	struct address address;
	struct parser p = {text, utf8, &address};

	(void)parse_path(&p, "", rule);
}

static void
whole(struct slice text)
{
	struct address address;
	struct mail_parameters parameters;

	(void)address_mail(text, any_bool(), &address, &parameters);
	(void)address_rcpt(text, any_bool(), &address);
}

void
prove(void)
{
	STRONG(text);

	whole(text);
	path(text, false, ALLOW_NULL);
	path(text, false, NO_NULL);
	path(text, true, NO_NULL);
}
