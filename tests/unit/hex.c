/* Unit test of lib/hex.c. */
#include "lib/hex.h"

#include "tests/tap.h"

static bool
decodes_to(const char *text, const char *expected, size_t len)
{
	char octets[8];
	struct buffer out = BUFFER_OVER(octets);

	return hex_decode(&out, slice_of(text)) == 0 && out.len == len &&
	       memcmp(octets, expected, len) == 0;
}

static bool
is_refused(const char *text)
{
	char octets[4];
	struct buffer out = BUFFER_OVER(octets);

	return hex_decode(&out, slice_of(text)) == -1;
}

int
main(void)
{
	static const char octets[] = {0, 0x7f, (char)0x80, (char)0xff, 0x0a};
	char text[16];
	struct buffer out = BUFFER_OVER(text);

	hex_encode(&out, (struct slice){octets, sizeof octets});
	ok(slice_is(buffer_slice(&out), "007f80ff0a"), "encoded, lower case");
	ok(decodes_to("007f80ff0a", octets, 5), "and back");
	ok(decodes_to("007F80fF0A", octets, 5), "in either case");
	ok(decodes_to("", "", 0), "nothing");
	ok(is_refused("0"), "half an octet");
	ok(is_refused("0g") && is_refused("g0") && is_refused("/0") &&
			is_refused(":0") && is_refused("@0") &&
			is_refused("`0"),
		"no digits");
	ok(is_refused(" 00") && is_refused("00 0"), "blanks");
	ok(is_refused("0011223344"), "more than fits");
	return tap_done();
}
