/* Unit test of lib/base64.c: RFC 4648 §4, strict. */
#include "lib/base64.h"

#include "tests/tap.h"

static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool
decodes_to(const char *text, const char *expected, size_t len)
{
	char octets[64];
	struct buffer out = BUFFER_OVER(octets);

	return base64_decode(&out, slice_of(text)) == 0 && out.len == len &&
	       memcmp(octets, expected, len) == 0;
}

static bool
is_refused(struct slice text)
{
	char octets[64];
	struct buffer out = BUFFER_OVER(octets);

	return base64_decode(&out, text) == -1;
}

static void
test_examples(void)
{
	static const struct {
		const char *octets, *text, *what;
	} rows[] = {
		{"", "", "nothing (RFC 4648 §10)"},
		{"f", "Zg==", "f"},
		{"fo", "Zm8=", "fo"},
		{"foo", "Zm9v", "foo"},
		{"foob", "Zm9vYg==", "foob"},
		{"fooba", "Zm9vYmE=", "fooba"},
		{"foobar", "Zm9vYmFy", "foobar"},
		{"\xfb\xff\xfe", "+//+", "the last two of the alphabet"},
		{"Username:", "VXNlcm5hbWU6", "the prompt for the name"},
		{"Password:", "UGFzc3dvcmQ6", "the prompt for the password"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[64];
		struct buffer out = BUFFER_OVER(text);

		base64_encode(&out, slice_of(rows[i].octets));
		is_bytes(text, out.len, rows[i].text, strlen(rows[i].text),
			rows[i].what);
		ok(decodes_to(rows[i].text, rows[i].octets,
			   strlen(rows[i].octets)),
			rows[i].what);
	}
}

static void
test_refused(void)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{"Z", "one character"},
		{"Zg", "no padding"},
		{"Zg=", "half of the padding"},
		{"Zg===", "too much padding"},
		{"Zm8", "no padding after three"},
		{"Z===", "three of padding"},
		{"====", "padding alone"},
		{"=", "an equals sign"},
		{"Zh==", "a stray bit before =="},
		{"Zm9=", "a stray bit before ="},
		{"Zg==Zg==", "padding in the middle"},
		{"Zm=v", "padding inside a group"},
		{"Zm9v ", "a blank behind"},
		{"Zm 9v", "a blank within"},
		{" Zm9", "a blank in front"},
		{"Zm9v\n", "a line end"},
		{"Zm9\r", "a carriage return"},
		{"Zm9-", "the URL alphabet's minus"},
		{"Zm9_", "the URL alphabet's underscore"},
		{"Zm9*", "an asterisk"},
		{"Zm9\xc3", "an octet over 127"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(is_refused(slice_of(rows[i].text)), rows[i].what);
	ok(is_refused((struct slice){"Zm9\0", 4}), "a NUL");
}

/* Every octet in every place of a group: only the alphabet is taken. */
static void
test_alphabet(void)
{
	bool good = true;

	for (unsigned c = 0; c < 256; c++)
		for (size_t place = 0; place < 4; place++) {
			char text[4] = {'A', 'A', 'A', 'A'};
			bool known = c != 0 && strchr(alphabet, (int)c) != NULL;
			bool pad = c == '=' && place == 3;

			text[place] = (char)c;
			if (is_refused((struct slice){text, 4}) !=
				!(known || pad))
				good = false;
		}
	ok(good, "64 letters and no other, in each place");
}

/* What decodes is what encoding gives: no two texts mean the same octets. */
static void
test_canonical(void)
{
	size_t taken = 0;
	bool same = true;

	for (size_t a = 0; a < 64; a++)
		for (size_t b = 0; b < 64; b++)
			for (size_t c = 0; c < 65; c++) {
				char text[4] = {alphabet[a], alphabet[b],
					c == 64 ? '=' : alphabet[c], '='};
				char octets[4], again[8];
				struct buffer out = BUFFER_OVER(octets);
				struct buffer back = BUFFER_OVER(again);

				if (base64_decode(&out,
					    (struct slice){text, 4}) == -1)
					continue;
				taken++;
				base64_encode(&back, buffer_slice(&out));
				same = same && back.len == 4 &&
				       memcmp(again, text, 4) == 0;
			}
	ok(taken == 256 + 65536, "as many texts as one and two octets");
	ok(same, "each the encoding of what it decodes to");
}

static void
test_lengths(void)
{
	char octets[100], text[200], back[100];
	bool good = true;

	for (size_t i = 0; i < sizeof octets; i++)
		octets[i] = (char)(i * 37 + 250);
	for (size_t len = 0; len <= sizeof octets; len++) {
		struct buffer out = BUFFER_OVER(text);
		struct buffer in = BUFFER_OVER(back);

		base64_encode(&out, (struct slice){octets, len});
		good = good && out.len == BASE64_ENCODED_LEN(len) &&
		       BASE64_DECODED_MAX(out.len) >= len &&
		       base64_decode(&in, buffer_slice(&out)) == 0 &&
		       in.len == len && memcmp(back, octets, len) == 0;
	}
	ok(good, "there and back at every length up to 100");
}

static void
test_room(void)
{
	char three[3], four[4];
	struct buffer in = BUFFER_OVER(three), out = BUFFER_OVER(four);

	ok(base64_decode(&in, slice_of("Zm9vYg==")) == -1,
		"four octets do not go into three");
	in = BUFFER_OVER(three);
	ok(base64_decode(&in, slice_of("Zm9v")) == 0, "three do");
	base64_encode(&out, slice_of("foob"));
	ok(out.overflow, "eight characters do not go into four");
	in = BUFFER_OVER(three);
	ok(base64_decode(&in, SLICE_NONE) == 0 && in.len == 0,
		"the absent text is no octets");
}

int
main(void)
{
	test_examples();
	test_refused();
	test_alphabet();
	test_canonical();
	test_lengths();
	test_room();
	return tap_done();
}
