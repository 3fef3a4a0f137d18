/* Unit test of sasl/directives.c. */
#include "sasl/directives.h"

#include "tests/tap.h"

/* What the list holds, as name(value)name(value); "!" when malformed. */
static const char *
read_all(const char *list)
{
	static char text[256];
	char values[64];
	struct buffer out = BUFFER_OVER(text), unquoted = BUFFER_OVER(values);
	struct slice rest = slice_of(list), name, value;
	int got;

	while ((got = directives_next(&rest, &unquoted, &name, &value)) == 1) {
		buffer_add_slice(&out, name);
		buffer_add_char(&out, '(');
		buffer_add_slice(&out, value);
		buffer_add_char(&out, ')');
	}
	if (got == -1)
		buffer_add_char(&out, '!');
	return buffer_string(&out);
}

int
main(void)
{
	static const struct {
		const char *list, *expected, *what;
	} rows[] = {
		{"", "", "nothing"},
		{" ,\t, ", "", "empty elements"},
		{"a=b", "a(b)", "one"},
		{"a=b,c=d", "a(b)c(d)", "two"},
		{" a = b , c = d ", "a(b)c(d)", "blanks"},
		{",a=b,,c=d,", "a(b)c(d)", "empty elements between"},
		{"a=\"b\"", "a(b)", "quoted"},
		{"a=\"\"", "a()", "quoted, empty"},
		{"a=\"b,c=d\"", "a(b,c=d)", "a comma within"},
		{"a=\"\\\"\\\\\\x\"", "a(\"\\x)", "backslashes"},
		{"a=\"b\",c=\"d\"", "a(b)c(d)", "two, quoted"},
		{"a", "!", "no value"},
		{"a=", "!", "an empty value"},
		{"=b", "!", "no name"},
		{"a=b c=d", "!", "no comma"},
		{"a=\"b", "!", "no end"},
		{"a=\"b\\", "!", "a backslash at the end"},
		{"a=\"b\"c", "!", "text behind the quotes"},
		{"a=b\"c\"", "!", "quotes within"},
		{"a/b=c", "!", "a separator in a name"},
		{"\x80=c", "!", "no ASCII in a name"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *got = read_all(rows[i].list);
		/* The directive in front of an error does not count either. */
		const char *end = strchr(got, '!');

		ok(end != NULL ? strchr(rows[i].expected, '!') != NULL
			       : strcmp(got, rows[i].expected) == 0,
			rows[i].what);
	}
	ok(strchr(read_all("a=\"0123456789012345678901234567890123456789"
			   "0123456789012345678901234567890123456789\""),
		   '!') != NULL,
		"more than there is room for");

	char text[32];
	struct buffer b = BUFFER_OVER(text);

	directives_quote(&b, slice_of("a\"b\\c"));
	ok(slice_is(buffer_slice(&b), "\"a\\\"b\\\\c\""), "quoted");
	return tap_done();
}
