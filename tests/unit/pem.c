/* pem - objects, what is around them, and what is broken. */
#include "lib/pem.h"

#include <string.h>

#include "tests/tap.h"

static void
check(const char *what, const char *given, enum pem_result wanted,
	const char *name, const char *base64)
{
	char text[512];
	char *at = text;
	size_t len = strlen(given);
	struct slice n = {NULL, 0}, b = {NULL, 0};

	memcpy(text, given, len);
	enum pem_result result = pem_next(&at, &len, &n, &b);

	ok(result == wanted, what);
	if (wanted != PEM_OBJECT)
		return;
	ok(slice_is(n, name), "its name");
	ok(slice_is(b, base64), "its base64 without blanks");
	ok(pem_next(&at, &len, &n, &b) == PEM_END, "and no other");
}

static void
check_two(void)
{
	char text[] = "first\n-----BEGIN A-----\nAAAA\n-----END A-----\n"
		      "between\n-----BEGIN B C-----\nBBBB\nCC==\n-----END B "
		      "C-----\nlast\n";
	char *at = text;
	size_t len = strlen(text);
	struct slice name, base64;

	ok(pem_next(&at, &len, &name, &base64) == PEM_OBJECT &&
			slice_is(name, "A") && slice_is(base64, "AAAA"),
		"the first of two");
	ok(pem_next(&at, &len, &name, &base64) == PEM_OBJECT &&
			slice_is(name, "B C") && slice_is(base64, "BBBBCC=="),
		"the second");
	ok(pem_next(&at, &len, &name, &base64) == PEM_END, "then the end");
}

int
main(void)
{
	check("nothing", "", PEM_END, "", "");
	check("no object", "words\nand lines\n", PEM_END, "", "");
	check("one", "-----BEGIN X-----\nabcd\n-----END X-----\n", PEM_OBJECT,
		"X", "abcd");
	check("CR LF", "-----BEGIN X-----\r\nab\r\ncd\r\n-----END X-----\r\n",
		PEM_OBJECT, "X", "abcd");
	check("text around", "a\n-----BEGIN X-----\nabcd\n-----END X-----\nb",
		PEM_OBJECT, "X", "abcd");
	check("not at a line's beginning",
		"a -----BEGIN X-----\nabcd\n-----END X-----\n", PEM_END, "",
		"");
	check("no end", "-----BEGIN X-----\nabcd\n", PEM_BROKEN, "", "");
	check("no dashes", "-----BEGIN X\nabcd\n-----END X-----\n", PEM_BROKEN,
		"", "");
	check("no line end", "-----BEGIN X-----", PEM_BROKEN, "", "");
	check("empty", "-----BEGIN X-----\n-----END X-----\n", PEM_OBJECT, "X",
		"");
	check_two();
	return tap_done();
}
