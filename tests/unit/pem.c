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
	struct pem_object o = {.encrypted = false};

	memcpy(text, given, len);
	enum pem_result result = pem_next(&at, &len, &o);

	ok(result == wanted, what);
	if (wanted != PEM_OBJECT)
		return;
	ok(slice_is(o.name, name), "its name");
	ok(slice_is(o.base64, base64), "its base64 without blanks");
	ok(!o.encrypted, "not encrypted");
	ok(pem_next(&at, &len, &o) == PEM_END, "and no other");
}

/* Two objects, A and B C, and what is between them. */
static void
check_two(const char *what, const char *between)
{
	char text[256] = "first\n-----BEGIN A-----\nAAAA\n-----END A-----";
	char *at = text;
	struct pem_object o;

	strcat(text, between);
	strcat(text, "-----BEGIN B C-----\nBBBB\nCC==\n-----END B C-----\n"
		     "last\n");
	size_t len = strlen(text);

	ok(pem_next(&at, &len, &o) == PEM_OBJECT && slice_is(o.name, "A") &&
			slice_is(o.base64, "AAAA"),
		what);
	ok(pem_next(&at, &len, &o) == PEM_OBJECT && slice_is(o.name, "B C") &&
			slice_is(o.base64, "BBBBCC=="),
		"the second");
	ok(pem_next(&at, &len, &o) == PEM_END, "then the end");
}

static void
check_headers(const char *what, const char *header, bool encrypted)
{
	char text[256] = "-----BEGIN X-----\n";
	char *at = text;
	struct pem_object o;

	strcat(text, header);
	strcat(text, "abcd\n-----END X-----\n");
	size_t len = strlen(text);

	ok(pem_next(&at, &len, &o) == PEM_OBJECT && slice_is(o.base64, "abcd"),
		what);
	ok(o.encrypted == encrypted, encrypted ? "encrypted" : "in clear");
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
	check("behind a comment without a line end",
		"a -----BEGIN X-----\nabcd\n-----END X-----\n", PEM_OBJECT, "X",
		"abcd");
	check("words about PEM",
		"lines of -----BEGIN X----- and -----END X-----\n", PEM_END, "",
		"");
	check("indented", "  -----BEGIN X-----\n  ab\n\tcd\n  -----END X-----",
		PEM_OBJECT, "X", "abcd");
	check("all on one line", "-----BEGIN X----- ab cd -----END X-----",
		PEM_OBJECT, "X", "abcd");
	check("CR", "-----BEGIN X-----\rab\rcd\r-----END X-----\r", PEM_OBJECT,
		"X", "abcd");
	check("a byte order mark",
		"\xef\xbb\xbf-----BEGIN X-----\nabcd\n-----END X-----\n",
		PEM_OBJECT, "X", "abcd");
	check("no line end before the end",
		"-----BEGIN X-----\nabcd-----END X-----\n", PEM_OBJECT, "X",
		"abcd");
	check("the marker at the very end", "x\n-----BEGIN ", PEM_BROKEN, "",
		"");
	check("no end", "-----BEGIN X-----\nabcd\n", PEM_BROKEN, "", "");
	check("no dashes", "-----BEGIN X\nabcd\n-----END X-----\n", PEM_BROKEN,
		"", "");
	check("no line end", "-----BEGIN X-----", PEM_BROKEN, "", "");
	check("empty", "-----BEGIN X-----\n-----END X-----\n", PEM_OBJECT, "X",
		"");
	check_two("the first of two", "\nbetween\n");
	check_two("no line end between them", "");
	check_two("a byte order mark between them", "\xef\xbb\xbf");
	check_two("line end and byte order mark", "\r\n\xef\xbb\xbf");
	check_two("a comment without a line end between them", "\nbetween");
	check_two("the same behind the end", " between");
	check_headers("a comment", "Comment: x\n\n", false);
	check_headers(
		"encrypted", "Proc-Type: 4,ENCRYPTED\nDEK-Info: x\n\n", true);
	check_headers("encrypted, CR LF",
		"Proc-Type: 4,ENCRYPTED\r\nDEK-Info: x\r\n\r\n", true);
	check_headers(
		"the word in another line", "Comment: ENCRYPTED\n", false);
	return tap_done();
}
