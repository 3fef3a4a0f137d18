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
void scan_lines_portable(struct scan *s, char stop);
#undef __SSE2__
#define scan_copy scan_copy_portable
#define scan_lines scan_lines_portable
#include "lib/scan.c"
#undef scan_copy
#undef scan_lines

static const struct form {
	const char *what;
	size_t (*copy)(char *out, const char *in, size_t len);
	void (*lines)(struct scan *s, char stop);
} forms[] = {
	{"built", scan_copy, scan_lines},
	{"portable", scan_copy_portable, scan_lines_portable},
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

/* The same octet by octet. Returns how much of the text is whole lines. */
static size_t
lines_slowly(char *out, size_t *out_len, const char *in, size_t len, char stop)
{
	size_t done = 0;

	*out_len = 0;
	while (len - done >= SCAN_REST && in[done] != stop) {
		size_t n = done;

		while (n < len && in[n] != '\r' && in[n] != '\n' &&
			in[n] != '\0')
			n++;
		/* What lies in the rest may be left or taken. */
		if (n + 1 >= len || in[n] != '\r' || in[n + 1] != '\n')
			break;
		memcpy(out + *out_len, in + done, n - done);
		*out_len += n - done;
		out[(*out_len)++] = '\n';
		done = n + 2;
	}
	return done;
}

/* Text of whole lines mostly, with everything else now and then. */
static void
make_text(char *text, size_t len)
{
	static const char seldom[] = "\r\n\0\t.\x80\x0d";
	size_t left = 0;

	for (size_t i = 0; i < len; i++) {
		if (left-- > 0)
			text[i] = (char)('!' + rand() % 90);
		else if (i + 1 < len && rand() % 8 != 0) {
			text[i++] = '\r';
			text[i] = '\n';
			left = (size_t)rand() % 90;
		} else {
			text[i] = seldom[(size_t)rand() % (sizeof seldom - 1)];
			left = (size_t)rand() % 90;
		}
	}
}

/*
 * It may stop earlier than the slow one, but only within the rest; what it
 * took must be the same.
 */
static void
test_lines(const struct form *form)
{
	enum { LEN = 700, TURNS = 3000 };
	bool same = true, whole = true;
	size_t taken = 0;

	srand(20261121);
	for (int turn = 0; turn < TURNS; turn++) {
		char slow[LEN];
		size_t len = (size_t)rand() % (LEN - 1) + 1, slow_len;
		/* As large as the text, for a tool that sees what is outside.
		 */
		char *in = malloc(len), *out = malloc(len);

		make_text(in, len);
		struct scan s = {in, in + len, out};
		char stop = turn % 2 ? '.' : '\0';
		size_t slowly = lines_slowly(slow, &slow_len, in, len, stop);

		form->lines(&s, stop);
		size_t n = (size_t)(s.in - in), n_out = (size_t)(s.out - out);

		same = same && n <= slowly && n_out <= slow_len &&
		       memcmp(out, slow, n_out) == 0;
		whole = whole &&
			(n == slowly || len - slowly < SCAN_REST + 100);
		whole = whole &&
			(n == 0 || (in[n - 2] == '\r' && in[n - 1] == '\n'));
		taken += n;
		free(in);
		free(out);
	}
	ok(same, form->what);
	ok(whole, "... whole lines, and all but the rest");
	ok(taken > TURNS * 20, "... and there were some");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		test_form(&forms[i]);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		test_lines(&forms[i]);
	ok(copies(&forms[0], "a\n\r\0b", 5, 1), "the first of several marks");
	ok(copies(&forms[1], "a\n\r\0b\n\r\0b", 9, 1),
		"the first of several marks, portable");
	return tap_done();
}
