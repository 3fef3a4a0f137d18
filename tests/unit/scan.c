/*
 * Unit test of lib/scan: the built form and the portable one against a loop,
 * a mark at every place of texts of every length, with neighbours that a
 * careless comparison takes for marks.
 */
#include "lib/scan.h"

#include <stdlib.h>

#include "tests/tap.h"

/* The form for processors without SSE2, under a name of its own. */
size_t scan_copy_portable(char *out, const char *in, size_t len);
#undef __SSE2__
#define scan_copy scan_copy_portable
#include "lib/scan.c"
#undef scan_copy

static const struct form {
	const char *what;
	size_t (*copy)(char *out, const char *in, size_t len);
} forms[] = {
	{"built", scan_copy},
	{"portable", scan_copy_portable},
};

/* In memory that ends where the text ends. */
static bool
copies(const struct form *form, const char *text, size_t len, size_t expected)
{
	char *in = malloc(len + 1), *out = malloc(len + 1);

	memcpy(in + 1, text, len);
	size_t n = form->copy(out + 1, in + 1, len);
	bool good = n == expected && memcmp(out + 1, text, n) == 0;

	free(in);
	free(out);
	return good;
}

static void
test_form(const struct form *form)
{
	static const char fills[] = "a\001\x80\x8d\x8a\x0b\x0c\x0e\x09\xff";
	static const char marks[] = "\r\n";
	char text[80], what[64];

	for (size_t f = 0; f < sizeof fills - 1; f++) {
		bool good = true;

		memset(text, fills[f], sizeof text);
		for (size_t len = 0; len <= sizeof text; len++)
			good = good && copies(form, text, len, len);
		snprintf(what, sizeof what, "%s: 0x%02x is no mark", form->what,
			(unsigned)(unsigned char)fills[f]);
		ok(good, what);
		good = true;
		/* With its NUL there are three marks. */
		for (size_t m = 0; m < sizeof marks; m++)
			for (size_t at = 0; at < sizeof text; at++) {
				text[at] = marks[m];
				for (size_t n = at + 1; n <= sizeof text; n++)
					good = good &&
					       copies(form, text, n, at);
				text[at] = fills[f];
			}
		snprintf(what, sizeof what, "%s: marks behind 0x%02x",
			form->what, (unsigned)(unsigned char)fills[f]);
		ok(good, what);
	}
}

int
main(void)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		test_form(&forms[i]);
	ok(copies(&forms[0], "a\n\r\0b", 5, 1), "the first of several marks");
	ok(copies(&forms[1], "a\n\r\0b\n\r\0b", 9, 1),
		"the first of several marks, portable");
	return tap_done();
}
