/*
 * Unit test of session/data; data-hops.c has the hops. Each case is fed whole,
 * octet by octet, cut in two at every place, and in threes; the answer must not
 * depend on it. Every feed gets exactly the memory it may touch, so that a
 * sanitizer sees more.
 */
#include "session/data.h"

#include <stdlib.h>

#include "tests/tap.h"

#define TEXT(s) (s), sizeof(s) - 1

struct outcome {
	enum data_result result;
	size_t taken, out_len;
	uint64_t octets;
	char out[8192];
};

/* One piece, in memory of its own. */
static enum data_result
feed_piece(struct data *d, const char *in, size_t len, struct outcome *o)
{
	size_t taken, out_len;
	char *copy = malloc(len + 1), *room = malloc(len + 1);

	/* Ends of buffers are where reading too far is found. */
	memcpy(copy + 1, in, len);
	o->result = data_feed(d, copy + 1, len, &taken, room + 1, &out_len);
	if (out_len > len || taken > len ||
		out_len > sizeof o->out - o->out_len)
		abort();
	memcpy(o->out + o->out_len, room + 1, out_len);
	o->out_len += out_len;
	o->taken += taken;
	free(copy);
	free(room);
	return o->result;
}

/* Pieces of the sizes first, second, first, ...; 0 ends with all the rest. */
static void
run(bool dots, const char *in, size_t len, size_t first, size_t second,
	struct outcome *o)
{
	struct data d;
	size_t at = 0;
	bool odd = false;

	memset(o, 0, sizeof *o);
	data_start(&d, dots);
	do {
		size_t want = odd ? second : first;

		if (want == 0 || want > len - at)
			want = len - at;
		if (feed_piece(&d, in + at, want, o) != DATA_MORE)
			break;
		at += want;
		odd = !odd;
	} while (at < len);
	if (o->result == DATA_MORE && !dots) {
		size_t out_len;

		o->result = data_finish(&d, o->out + o->out_len, &out_len);
		o->out_len += out_len;
	}
	o->octets = d.octets;
}

static bool
same(const struct outcome *a, const struct outcome *b)
{
	return a->result == b->result && a->taken == b->taken &&
	       a->octets == b->octets && a->out_len == b->out_len &&
	       memcmp(a->out, b->out, a->out_len) == 0;
}

/* Returns false when some way of cutting gives something else than whole. */
static bool
cut_everywhere(
	bool dots, const char *in, size_t len, const struct outcome *whole)
{
	static struct outcome o;

	for (size_t first = 1; first <= len; first++) {
		run(dots, in, len, first, 0, &o);
		if (!same(&o, whole))
			return false;
	}
	for (size_t first = 1; first < 5; first++)
		for (size_t second = 1; second < 20; second++) {
			run(dots, in, len, first, second, &o);
			if (!same(&o, whole))
				return false;
		}
	return true;
}

/* ------------------------------------------------------- line ends, dots ---
 */

static const struct message_case {
	const char *what;
	bool dots;
	const char *in;
	size_t len;
	enum data_result result;
	const char *out;
	size_t out_len;
	size_t left; /* not taken, of an end */
	uint64_t octets;
} messages[] = {
	{"a line", true, TEXT("a\r\n.\r\n"), DATA_END, TEXT("a\n"), 0, 3},
	{"input behind the end is not taken", true, TEXT("a\r\n.\r\nQUIT\r\n"),
		DATA_END, TEXT("a\n"), 6, 3},
	{"an empty message", true, TEXT(".\r\n"), DATA_END, TEXT(""), 0, 0},
	{"an empty line", true, TEXT("\r\n.\r\n"), DATA_END, TEXT("\n"), 0, 2},
	{"two dots are one", true, TEXT("..\r\n.\r\n"), DATA_END, TEXT(".\n"),
		0, 3},
	{"three dots are two", true, TEXT("...\r\n.\r\n"), DATA_END,
		TEXT("..\n"), 0, 4},
	{"a dot before text is removed", true, TEXT(".a.b\r\n.\r\n"), DATA_END,
		TEXT("a.b\n"), 0, 5},
	{"a dot within a line stays", true, TEXT("a.\r\n.\r\n"), DATA_END,
		TEXT("a.\n"), 0, 4},
	{"dot and blank are text", true, TEXT(". \r\n.\t\r\n.\r\n"), DATA_END,
		TEXT(" \n\t\n"), 0, 6},
	{"no end", true, TEXT("a\r\n"), DATA_MORE, TEXT("a\n"), 0, 3},
	{"no end of line", true, TEXT("a"), DATA_MORE, TEXT("a"), 0, 1},
	{"a dot held back", true, TEXT("a\r\n."), DATA_MORE, TEXT("a\n"), 0, 3},
	{"dot and CR held back", true, TEXT("a\r\n.\r"), DATA_MORE, TEXT("a\n"),
		0, 3},
	{"a CR held back", true, TEXT("a\r"), DATA_MORE, TEXT("a"), 0, 1},
	{"octets over 127, VT, FF, DEL pass", true,
		TEXT("\x8d\x8a.\x8d\x8a\xe2\x80\xa8.\x85.\x85\v.\f\177\r\n."
		     "\r\n"),
		DATA_END,
		TEXT("\x8d\x8a.\x8d\x8a\xe2\x80\xa8.\x85.\x85\v.\f\177\n"), 0,
		18},
	{"BDAT: dots are text", false, TEXT(".\r\n..\r\n.a\r\n"), DATA_END,
		TEXT(".\n..\n.a\n"), 0, 11},
	{"BDAT: nothing", false, TEXT(""), DATA_END, TEXT(""), 0, 0},
	{"BDAT: an end of line is added", false, TEXT("a\r\nb"), DATA_END,
		TEXT("a\nb\n"), 0, 4},
	{"BDAT: a last dot gets one too", false, TEXT("a\r\n."), DATA_END,
		TEXT("a\n.\n"), 0, 4},
	{"BDAT: a CR at the end", false, TEXT("a\r"), DATA_VIOLATION, TEXT("a"),
		0, 1},
	{"BDAT: only a CR", false, TEXT("\r"), DATA_VIOLATION, TEXT(""), 0, 0},
};

static void
test_messages(void)
{
	static struct outcome o;

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		const struct message_case *m = &messages[i];

		run(m->dots, m->in, m->len, 0, 0, &o);
		ok(o.result == m->result, m->what);
		is_bytes(o.out, o.out_len, m->out, m->out_len, m->what);
		if (m->result == DATA_END || m->result == DATA_MORE)
			ok(o.taken == m->len - m->left, m->what);
		ok(o.octets == m->octets, m->what);
		ok(cut_everywhere(m->dots, m->in, m->len, &o), m->what);
	}
}

/* -------------------------------------------------------------- smuggling ---
 */

/*
 * What has been used to end a message early, here or at the next hop
 * (CVE-2023-51764, -51765, -51766 and their kin). Each stands between a line
 * and commands; the message may neither end there nor go on.
 */
static const struct {
	const char *text;
	size_t len;
} smuggled[] = {
	{TEXT("\n.\n")},
	{TEXT("\n.\r\n")},
	{TEXT("\r\n.\n")},
	{TEXT("\n.\r")},
	{TEXT("\r.\n")},
	{TEXT("\r.\r")},
	{TEXT("\r.\r\n")},
	{TEXT("\r\n.\r\r\n")},
	{TEXT("\r\r\n.\r\r\n")},
	{TEXT("\r\n\0.\r\n")},
	{TEXT("\r\n.\0\r\n")},
	{TEXT("\r\n.\r\0\n")},
	{TEXT("\r\n.\rX")},
	{TEXT("\n\r.\r\n")},
	{TEXT("\n\r\n.\r\n")},
	{TEXT("\r\n\n.\r\n")},
	{TEXT("\r\n.\n\r\n")},
	{TEXT("\0")},
	{TEXT("\r\0\n")},
	{TEXT("\r\r\n")},
	{TEXT("\r\n\r.\r\n")},
};

/* Looks alike, and is text. */
static const struct {
	const char *text;
	size_t len;
} harmless[] = {
	{TEXT("\r\n. \r\n")},
	{TEXT("\r\n.\t\r\n")},
	{TEXT("\r\n..\r\n")},
	{TEXT("\x8d\x8a.\x8d\x8a")},
	{TEXT("\xe2\x80\xa8.\xe2\x80\xa8")},
	{TEXT("\x85.\x85")},
	{TEXT("\v.\v")},
	{TEXT("\f.\f")},
	{TEXT("\\r\\n.\\r\\n")},
};

static size_t
around(char *out, const char *text, size_t len)
{
	static const char before[] = "Subject: t\r\n\r\na";
	static const char behind[] = "MAIL FROM:<x@example.org>\r\n"
				     "RCPT TO:<y@example.com>\r\nDATA\r\n"
				     "smuggled\r\n.\r\n";
	char *at = out;

	at = mempcpy(at, before, sizeof before - 1);
	at = mempcpy(at, text, len);
	at = mempcpy(at, behind, sizeof behind - 1);
	return (size_t)(at - out);
}

static void
test_smuggling(bool dots)
{
	static struct outcome o;
	char in[256], what[64];

	for (size_t i = 0; i < sizeof smuggled / sizeof *smuggled; i++) {
		size_t len = around(in, smuggled[i].text, smuggled[i].len);

		snprintf(what, sizeof what, "%s: violation %zu",
			dots ? "DATA" : "BDAT", i + 1);
		run(dots, in, len, 0, 0, &o);
		ok(o.result == DATA_VIOLATION, what);
		/* Nothing behind it may be used. */
		ok(o.taken <= len - (sizeof "MAIL FROM:<x@example.org>" - 1),
			what);
		ok(cut_everywhere(dots, in, len, &o), what);
	}
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++) {
		size_t len = around(in, harmless[i].text, harmless[i].len);

		snprintf(what, sizeof what, "%s: harmless %zu",
			dots ? "DATA" : "BDAT", i + 1);
		run(dots, in, len, 0, 0, &o);
		ok(o.result == DATA_END && o.taken == len, what);
		ok(cut_everywhere(dots, in, len, &o), what);
	}
}

/* -------------------------------------------------------------- the rest ---
 */

static void
test_over(void)
{
	struct data d;
	size_t taken, out_len;
	char out[8];

	data_start(&d, true);
	ok(data_feed(&d, ".\r\n", 3, &taken, out, &out_len) == DATA_END,
		"a message is over");
	ok(data_feed(&d, "a", 1, &taken, out, &out_len) == DATA_VIOLATION &&
			taken == 0 && out_len == 0,
		"feeding more is a violation");
	data_start(&d, false);
	ok(data_feed(&d, "\n", 1, &taken, out, &out_len) == DATA_VIOLATION,
		"a violation in a chunk");
	ok(data_finish(&d, out, &out_len) == DATA_VIOLATION && out_len == 0,
		"stays one at the end");
	data_start(&d, true);
	ok(data_feed(&d, "", 0, &taken, out, &out_len) == DATA_MORE &&
			taken == 0 && out_len == 0,
		"no input, no output");
}

/* A mark at every place of lines of every length around a vector's. */
static void
test_lengths(void)
{
	static struct outcome o;
	char in[128];
	bool good = true, refused = true;

	for (size_t len = 0; len < 70; len++) {
		memset(in, 'a', len);
		memcpy(in + len, "\r\n.\r\n", 5);
		run(true, in, len + 5, 0, 0, &o);
		good = good && o.result == DATA_END && o.octets == len + 2 &&
		       o.out_len == len + 1 && memcmp(o.out, in, len) == 0 &&
		       cut_everywhere(true, in, len + 5, &o);
		for (size_t at = 0; at < len; at++) {
			const char *mark = &"\r\n\0"[at % 3];

			in[at] = *mark;
			run(true, in, len + 5, 0, 0, &o);
			refused = refused && o.result == DATA_VIOLATION &&
				  o.taken <= at + 1 && o.out_len == at;
			in[at] = 'a';
		}
	}
	ok(good, "lines of 0 to 69 octets");
	ok(refused, "a violation at every place of them");
}

int
main(void)
{
	test_messages();
	test_smuggling(true);
	test_smuggling(false);
	test_over();
	test_lengths();
	return tap_done();
}
