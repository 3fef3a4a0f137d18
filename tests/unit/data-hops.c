/*
 * Unit test of session/data: the counting of hops, with the header cut in
 * pieces of many sizes.
 */
#include "session/data.h"

#include "tests/tap.h"

static const struct hop_case {
	const char *what;
	const char *header;
	unsigned hops;
} hops[] = {
	{"Received", "Received: x\r\n", 1},
	{"any case", "rECEIVED: x\r\ndelivered-TO:y\r\n", 2},
	{"Delivered-To", "Delivered-To: x\r\n", 1},
	{"nothing behind the colon", "Received:\r\nDelivered-To:\r\n", 2},
	{"a blank before the colon", "Received : x\r\nDelivered-To : x\r\n", 0},
	{"another name", "Receive: x\r\nReceivedx: x\r\nDelivered: x\r\n", 0},
	{"a name that starts like both", "Delived-To:\r\nReceivered-To:\r\n",
		0},
	{"cut short", "Received\r\nDelivered-To\r\n", 0},
	{"folded", " Received: x\r\n\tReceived: x\r\n", 0},
	{"within a line", "Subject: Received: x\r\nX-Received: x\r\n", 0},
	{"behind a stuffed dot", ".Received: x\r\n", 1},
	{"behind two dots", "..Received: x\r\n", 0},
	{"twice in a line counts once", "Received:Received:\r\n", 1},
	{"in the body", "Received: x\r\n\r\nReceived: x\r\n", 1},
	{"behind an empty header", "\r\nReceived: x\r\n", 0},
	{"a line of one dot does not end the header", "..\r\nReceived: x\r\n",
		1},
	{"a blank line does not end the header", " \r\nReceived: x\r\n", 1},
};

/* Hops counted when text is cut in pieces of that size. */
static unsigned
count_hops(const char *text, size_t piece)
{
	struct data d;
	size_t len = strlen(text), taken, out_len;
	char out[256];

	data_start(&d, true);
	for (size_t at = 0; at < len; at += taken) {
		size_t n = len - at < piece ? len - at : piece;

		if (data_feed(&d, text + at, n, &taken, out, &out_len) !=
			DATA_MORE)
			return UINT32_MAX;
	}
	return d.hops;
}

static void
test_hops(void)
{
	for (size_t i = 0; i < sizeof hops / sizeof *hops; i++)
		for (size_t piece = 1; piece < 30; piece++)
			ok(count_hops(hops[i].header, piece) == hops[i].hops,
				hops[i].what);
}

static size_t
hop_lines(char *out, unsigned n)
{
	char *at = out;

	while (n-- > 0)
		at = stpcpy(
			at, n % 2 ? "Received: x\r\n" : "Delivered-To:y\r\n");
	return (size_t)(at - out);
}

/* Feeds text in pieces until something else than DATA_MORE comes. */
static enum data_result
feed(struct data *d, bool dots, const char *text, size_t len, size_t piece,
	size_t *at)
{
	enum data_result result = DATA_MORE;
	char out[4096];

	data_start(d, dots);
	for (*at = 0; *at < len && result == DATA_MORE;) {
		size_t n = len - *at < piece ? len - *at : piece;
		size_t taken, out_len;

		result = data_feed(d, text + *at, n, &taken, out, &out_len);
		*at += taken;
	}
	return result;
}

static void
test_loop(size_t piece)
{
	static char in[4096];
	struct data d;
	size_t len = hop_lines(in, DATA_HOPS_MAX - 1), at;

	memcpy(in + len, "\r\nReceived: x\r\n.\r\n", 18);
	ok(feed(&d, true, in, len + 18, piece, &at) == DATA_END,
		"99 hops and one in the body");
	len = hop_lines(in, DATA_HOPS_MAX);
	memcpy(in + len, "\r\nx\r\n.\r\n", 8);
	for (int dots = 0; dots < 2; dots++) {
		ok(feed(&d, dots, in, len + 8, piece, &at) == DATA_LOOP &&
				d.hops == DATA_HOPS_MAX,
			"100 hops");
		ok(at == len - strlen("y\r\n"),
			"taken up to the name that was too much");
	}
}

/* The session throws the rest away and answers at the end. */
static void
test_told_once(void)
{
	static const char end[] = "Received: x\r\n\r\nx\r\n.\r\nQUIT\r\n";
	static char in[4096], out[4096];
	struct data d;
	size_t len = hop_lines(in, DATA_HOPS_MAX), taken, out_len, at;

	memcpy(in + len, end, sizeof end - 1);
	len += sizeof end - 1;
	data_start(&d, true);
	ok(data_feed(&d, in, len, &taken, out, &out_len) == DATA_LOOP,
		"a loop is told");
	at = taken;
	ok(data_feed(&d, in + at, len - at, &taken, out, &out_len) == DATA_END,
		"and told once: the end can be looked for");
	ok(d.hops == DATA_HOPS_MAX, "and nothing is counted behind it");
	ok(at + taken == len - strlen("QUIT\r\n"), "and the end is found");
}

int
main(void)
{
	test_hops();
	for (size_t piece = 1; piece < 30; piece++)
		test_loop(piece);
	test_loop(4096);
	test_told_once();
	return tap_done();
}
