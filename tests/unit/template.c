/* Unit test of conf/template: names filled in. */
#include "conf/template.h"

#include "tests/tap.h"

static const struct template_value values[] = {
	{"OUTER", "<@INNER@>"},
	{"INNER", "inside"},
	{"SELF", "@SELF@"},
	{"EMPTY", ""},
	{NULL, NULL},
};

/* text becomes expected; NULL: refused. */
static void
check(const char *text, const char *expected)
{
	char out[40];
	struct buffer b = BUFFER_OVER(out);
	int result = template_fill(&b, slice_of(text), values);

	if (expected == NULL)
		ok(result == -1, text);
	else
		ok(result == 0 && slice_is(buffer_slice(&b), expected), text);
}

int
main(void)
{
	check("", "");
	check("plain", "plain");
	check("@INNER@", "inside");
	check("a@INNER@b@INNER@", "ainsidebinside");
	check("@OUTER@", "<inside>");
	check("x@EMPTY@y", "xy");
	check("joe@example.com @ @@ x@", "joe@example.com @ @@ x@");
	check("@INNER", "@INNER");
	check("@1@", "@1@");
	check("@NOBODY@", NULL);
	check("@SELF@", NULL); /* no name stands behind itself */
	check("1234567890123456789012345678901234567890", /* as long as out */
		"1234567890123456789012345678901234567890");
	check("12345678901234567890123456789012345678901", NULL);
	check("1234567890123456789012345678901234567@INNER@", NULL);
	for (int i = TEMPLATE_RUN; i <= TEMPLATE_UNIT; i++) {
		struct slice text = template_text((enum template)i);

		ok(text.len > 100 && text.len < 4096 &&
				text.data[text.len - 1] == '\n' &&
				(text.data[0] == '#'),
			"a file of service/");
	}
	return tap_done();
}
