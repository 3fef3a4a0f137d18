/* Unit test of lib/latin1.c. */
#include "lib/latin1.h"

#include "tests/tap.h"

static bool
encodes_to(const char *text, const char *expected)
{
	char octets[16];
	struct buffer out = BUFFER_OVER(octets);

	return latin1_encode(&out, slice_of(text)) == 0 &&
	       slice_is(buffer_slice(&out), expected);
}

static bool
is_refused(const char *text)
{
	char octets[4];
	struct buffer out = BUFFER_OVER(octets);

	return latin1_encode(&out, slice_of(text)) == -1;
}

int
main(void)
{
	char text[16];
	struct buffer out = BUFFER_OVER(text);

	ok(encodes_to("", "") && encodes_to("abc", "abc"), "ASCII stays");
	ok(encodes_to("p\xc3\xa4ss", "p\xe4ss"), "a letter of two octets");
	ok(encodes_to("\xc2\x80\xc3\xbf", "\x80\xff"),
		"the first and the last");
	ok(is_refused("\xc4\x80"), "one behind the last");
	ok(is_refused("\xe2\x82\xac"), "the euro sign");
	ok(is_refused("\xc1\x81"), "an over-long form");
	ok(is_refused("\xc3") && is_refused("\xc3z") && is_refused("\xe4"),
		"no UTF-8");
	ok(is_refused("abcde"), "no room");
	latin1_decode(&out, slice_of("a\x80\xe4\xff"));
	ok(slice_is(buffer_slice(&out), "a\xc2\x80\xc3\xa4\xc3\xbf"),
		"and back");
	ok(!latin1_is_needed(slice_of("abc\x7f")) &&
			latin1_is_needed(slice_of("abc\x80")),
		"ASCII ends at 7f");
	return tap_done();
}
