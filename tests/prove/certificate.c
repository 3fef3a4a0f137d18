/* lib/certificate: the client's, as EXTERNAL reads it. */
/* prove: lib/certificate.c lib/der.c lib/bytes.c */
/* split: lib/der.c|if (rest->len < head)|head */
/* split: lib/der.c|d->value = (struct slice){|len */
/* bound: 4 */
#include "lib/certificate.h"

#include "tests/prove/input.h"

static void
names(const struct certificate *c, enum certificate_name kind)
{
	struct certificate_cursor at = {.started = false};
	struct slice name;

	while (certificate_next(c, kind, &at, &name))
		;
}

void
prove(void)
{
	INPUT(text);
	struct certificate c;

	(void)certificate_parse(&c, text);
	/* Whatever of it was found: each on its own, and of any length. */
	c = (struct certificate){.whole = text,
		.altnames = text,
		.subject = text,
		.purposes = text};
	names(&c, CERTIFICATE_ALT_EMAIL);
	names(&c, CERTIFICATE_ALT_DNS);
	names(&c, CERTIFICATE_EMAIL);
	names(&c, CERTIFICATE_COMMON);
	(void)certificate_is_for_client(&c);
}
