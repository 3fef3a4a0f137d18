/*
 * Unit test of session/address: octets over 127, in every place of a path
 * where a character may stand.
 */
#include "session/address.h"

#include "tests/paths.h"
#include "tests/tap.h"

#define TEXT(s) (s), sizeof(s) - 1

static const struct utf8_case {
	const char *what, *character;
	bool good;
} characters[] = {
	{"U+00A0", "\xc2\xa0", true},
	{"U+00DF", "\xc3\x9f", true},
	{"U+07FF", "\xdf\xbf", true},
	{"U+0800", "\xe0\xa0\x80", true},
	{"U+0FFF", "\xe0\xbf\xbf", true},
	{"U+20AC", "\xe2\x82\xac", true},
	{"U+D7FF", "\xed\x9f\xbf", true},
	{"U+E000", "\xee\x80\x80", true},
	{"U+10000", "\xf0\x90\x80\x80", true},
	{"U+1F600", "\xf0\x9f\x98\x80", true},
	{"U+10FFFF", "\xf4\x8f\xbf\xbf", true},
	{"Latin 1", "\xe4", false},
	{"a continuation alone", "\x80", false},
	{"cut after one of two", "\xc3", false},
	{"cut after two of three", "\xe2\x82", false},
	{"cut after three of four", "\xf0\x9f\x98", false},
	{"ASCII where the second should be", "\xc3x", false},
	{"ASCII where the third should be", "\xe2\x82x", false},
	{"a lead where the fourth should be", "\xf0\x9f\x98\xc3", false},
	{"overlong in two, C0", "\xc0\x80", false},
	{"overlong in two, C1", "\xc1\xbf", false},
	{"overlong in three", "\xe0\x9f\xbf", false},
	{"overlong in four", "\xf0\x8f\xbf\xbf", false},
	{"a surrogate, first", "\xed\xa0\x80", false},
	{"a surrogate, last", "\xed\xbf\xbf", false},
	{"U+110000", "\xf4\x90\x80\x80", false},
	{"U+140000", "\xf5\x80\x80\x80", false},
	{"FF", "\xff", false},
	{"U+0080, a C1 control", "\xc2\x80", false},
	{"U+0085, NEL", "\xc2\x85", false},
	{"U+009F, a C1 control", "\xc2\x9f", false},
};

static const struct {
	const char *before, *behind, *raw_before, *raw_behind;
} places[] = {
	{"<", "@x>", "", "@x"},
	{"<a", "b>", "a", "b"},
	{"<\"a ", "b\"@x>", "a ", "b@x"},
	{"<a@", ">", "a@", ""},
	{"<a@x", "y.example.com>", "a@x", "y.example.com"},
	{"a@", "", "a@", ""},
};

static void
test_utf8(void)
{
	for (size_t i = 0; i < sizeof characters / sizeof *characters; i++)
		for (size_t k = 0; k < sizeof places / sizeof *places; k++) {
			const struct utf8_case *c = &characters[i];
			char in[64], raw[64];
			struct paths b;
			int len = snprintf(in, sizeof in, "%s%s%s",
				places[k].before, c->character,
				places[k].behind);
			int raw_len = snprintf(raw, sizeof raw, "%s%s%s",
				places[k].raw_before, c->character,
				places[k].raw_behind);

			paths_run(in, (size_t)len, false, &b);
			ok(b.mail == ADDRESS_SYNTAX && b.rcpt == ADDRESS_SYNTAX,
				"8 bit, not offered");
			paths_run(in, (size_t)len, true, &b);
			if (!c->good) {
				ok(b.mail == ADDRESS_SYNTAX &&
						b.rcpt == ADDRESS_SYNTAX,
					c->what);
				continue;
			}
			ok(b.mail == ADDRESS_OK && b.rcpt == ADDRESS_OK &&
					b.sender.eight_bit &&
					b.recipient.eight_bit,
				c->what);
			is_bytes(b.sender.text, b.sender.len, raw,
				(size_t)raw_len, c->what);
		}
}

static void
test_utf8_elsewhere(void)
{
	struct paths b;
	char in[256];
	char *at = stpcpy(in, "<a@");

	paths_run(TEXT("<\"a\\\xc3\x9f\"@x>"), true, &b);
	ok(b.rcpt == ADDRESS_SYNTAX, "a backslash before 8 bit");
	paths_run(TEXT("<@\xc3\x9f:a@x>"), true, &b);
	ok(b.rcpt == ADDRESS_OK && !b.recipient.eight_bit,
		"8 bit only in the route is gone with it");
	/* A label is measured in characters: octets say nothing about IDNs. */
	for (int i = 0; i < 63; i++)
		at = stpcpy(at, "\xc3\x9f");
	strcpy(at, ">");
	paths_run(in, strlen(in), true, &b);
	ok(b.rcpt == ADDRESS_OK, "a label of 63 characters");
	strcpy(at, "\xc3\x9f>");
	paths_run(in, strlen(in), true, &b);
	ok(b.rcpt == ADDRESS_SYNTAX, "a label of 64 characters");
}

int
main(void)
{
	test_utf8();
	test_utf8_elsewhere();
	return tap_done();
}
