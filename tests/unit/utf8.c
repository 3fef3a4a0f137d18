/* Unit test of lib/utf8: the edges of RFC 3629 §4. */
#include "lib/utf8.h"

#include "tests/tap.h"

/* Octets of the character that the text is; 0: it is none. */
static const struct {
	const char *what, *text;
	size_t len;
} rows[] = {
	{"nothing", "", 0},
	{"ASCII", "a", 0},
	{"DEL", "\x7f", 0},
	{"a second octet alone", "\x80", 0},
	{"overlong, in two", "\xc1\xbf", 0},
	{"U+0080, a control", "\xc2\x80", 0},
	{"U+009F, the last one", "\xc2\x9f", 0},
	{"U+00A0", "\xc2\xa0", 2},
	{"U+07FF", "\xdf\xbf", 2},
	{"cut after one", "\xc3", 0},
	{"with a letter", "\xc3z", 0},
	{"overlong, in three", "\xe0\x9f\xbf", 0},
	{"U+0800", "\xe0\xa0\x80", 3},
	{"U+D7FF", "\xed\x9f\xbf", 3},
	{"U+D800, a surrogate", "\xed\xa0\x80", 0},
	{"U+E000", "\xee\x80\x80", 3},
	{"U+FFFF", "\xef\xbf\xbf", 3},
	{"cut after two", "\xe2\x82", 0},
	{"whose third is a letter", "\xe2\x82z", 0},
	{"overlong, in four", "\xf0\x8f\xbf\xbf", 0},
	{"U+10000", "\xf0\x90\x80\x80", 4},
	{"U+10FFFF", "\xf4\x8f\xbf\xbf", 4},
	{"U+110000", "\xf4\x90\x80\x80", 0},
	{"cut after three", "\xf0\x9f\x98", 0},
	{"whose fourth is a lead", "\xf0\x9f\x98\xc3", 0},
	{"a lead of five", "\xf8\x88\x80\x80\x80", 0},
	{"0xff", "\xff", 0},
};

int
main(void)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(utf8_length(slice_of(rows[i].text)) == rows[i].len,
			rows[i].what);
	ok(utf8_length(slice_of("\xc3\xa4\xc3\xb6")) == 2, "the first of two");
	ok(utf8_length((struct slice){"\xe2\x82\xac", 2}) == 0,
		"not beyond the end of the text");
	return tap_done();
}
