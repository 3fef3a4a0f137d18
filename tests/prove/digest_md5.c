/*
 * sasl/digest_md5: the client's directives, and the host of its digest-uri.
 * Any text of so few octets is no whole response; what is compared behind
 * that is of fixed lengths. directives has a driver of its own.
 */
/* prove: sasl/directives.c lib/buffer.c lib/bytes.c */
/* bound: 4 */
#include "sasl/digest_md5.c"

#include "tests/prove/input.h"

static struct slice any_name;

int
certificate_parse(struct certificate *c, struct slice der)
{
	(void)c;
	(void)der;
	return any_bool() ? 0 : -1;
}

bool
certificate_next(const struct certificate *c, enum certificate_name kind,
	struct certificate_cursor *at, struct slice *name)
{
	(void)c;
	(void)kind;
	(void)at;
	if (any_bool())
		return false;
	*name = any_name;
	return true;
}

void
prove(void)
{
	STRONG(text);
	STRONG(name);
	struct mechanism_facts facts = {.me = {"b.c", 3}};
	struct response r;

	any_name = name;
	(void)matches(name, text);
	(void)is_our_uri(&facts, text);
	(void)is_our_name(&facts, text);
	(void)parse_response(text, &r);
	any_name = SLICE_NONE;
}
