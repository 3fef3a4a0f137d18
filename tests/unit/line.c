/* Unit test of report/line.c, wanted.c and shown.c: a line, and its values. */
#include "report/line.h"

#include <stdlib.h>

#include "report/shown.h"
#include "report/wanted.h"
#include "tests/tap.h"

static struct line
parsed(const char *text)
{
	struct line line = {.pid = 0};

	if (line_parse(&line, slice_of(text)) == -1)
		line.event = EVENTS;
	return line;
}

static void
test_events(void)
{
	static const struct {
		const char *text;
		enum event event; /* EVENTS: no line of ours */
	} rows[] = {
		{"1 192.0.2.1 connect port=25", EVENT_CONNECT},
		{"1 192.0.2.1 connect", EVENT_CONNECT},
		{"1 2001:db8::1 connect refused reason=limit",
			EVENT_CONNECT_REFUSED},
		{"1 unknown tls ok version=TLSv1.2", EVENT_TLS_OK},
		{"1 fe80::1%eth0 tls fail reason=handshake", EVENT_TLS_FAIL},
		{"1 192.0.2.1 auth ok user=x", EVENT_AUTH_OK},
		{"1 192.0.2.1 auth later user=x", EVENT_OTHER},
		{"1 192.0.2.1 auth user=ok", EVENT_OTHER},
		{"1 192.0.2.1 message temp id=1", EVENT_MESSAGE_TEMP},
		{"1 192.0.2.1 log lost=3", EVENT_LOG_LOST},
		{"1 192.0.2.1 log suppressed", EVENT_LOG_SUPPRESSED},
		{"1 192.0.2.1 end seconds=1.0", EVENT_END},
		{"1 192.0.2.1 > auth ok user=x", EVENT_TRACE},
		{"1 192.0.2.1 < auth ok user=x", EVENT_TRACE},
		{"1 192.0.2.1 new thing=1", EVENT_OTHER},
		{"1 192.0.2.1 ok=1", EVENTS},
		{"1 192.0.2.1 ", EVENTS},
		{"1 192.0.2.1", EVENTS},
		{"1", EVENTS},
		{"", EVENTS},
		{"x 192.0.2.1 connect", EVENTS},
		{"-1 192.0.2.1 connect", EVENTS},
		{"4294967296 192.0.2.1 connect", EVENTS},
		{"1  connect", EVENTS},
		{"1 <b> connect", EVENTS},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(parsed(rows[i].text).event == rows[i].event, rows[i].text);
}

static void
test_fields(void)
{
	struct line line =
		parsed("7 192.0.2.1 message ok id=a=b user= from=x"
		       "  to =y rcpts=12 size=1x a_long_key_here="
		       "and_a_value_that_is_longer_than_eight end=z");

	ok(line.pid == 7 && slice_is(line.address, "192.0.2.1"), "whose");
	ok(slice_is(line_value(&line, "id"), "a=b"), "a value may hold =");
	ok(line_value(&line, "user").data != NULL &&
			line_value(&line, "user").len == 0,
		"an empty one is there");
	ok(line_value(&line, "nobody").data == NULL, "and one that is not");
	ok(line_value(&line, "to").data == NULL, "a word without = is none");
	ok(line_value(&line, "").data == NULL, "nor is one without a key");
	ok(line_number(&line, "rcpts") == 12, "a number");
	ok(line_number(&line, "size") == 0, "that is none");
	ok(slice_is(line_value(&line, "a_long_key_here"),
		   "and_a_value_that_is_longer_than_eight"),
		"long ones");
	ok(slice_is(line_value(&line, "end"), "z"), "the last one");
	line = parsed("7 192.0.2.1 x a=1 a=2 a=3 a=4 a=5 a=6 a=7 a=8 a=9 a=1 "
		      "a=2 a=3 a=4 a=5 a=6 a=7 a=8 a=9 a=1 a=2 a=3 a=4 a=5 a=6 "
		      "a=7 b=8");
	ok(line.count == LINE_FIELDS, "no more than there is room for");
}

static void
shows(const char *value, enum shown form, const char *wanted)
{
	char text[256];
	struct buffer b = BUFFER_OVER(text);

	shown_add(&b, slice_of(value), form);
	is_bytes(text, b.len, wanted, strlen(wanted), value);
}

static void
test_shown(void)
{
	shows("a\\x20b", SHOWN_HTML, "a b");
	shows("\\x3Cb\\x3e&\\x22'", SHOWN_HTML, "&lt;b&gt;&amp;&quot;&#39;");
	shows("\\x5Cx41", SHOWN_HTML, "\\x41");
	shows("\\x4", SHOWN_HTML, "\\x4");
	shows("\\xZZ", SHOWN_HTML, "\\xZZ");
	shows("\\x1B[m\\x00\x07", SHOWN_HTML, "\\x1b[m\\x00\\x07");
	shows("\\xC3\\xA9", SHOWN_HTML, "\xc3\xa9");
	shows("\\xC3", SHOWN_HTML, "\\xc3");
	shows("\\xE2\\x80\\xAE", SHOWN_HTML, "\\xe2\\x80\\xae");
	shows("\\xC2\\x9B", SHOWN_HTML, "\\xc2\\x9b");
	shows("\\x22\\x5C\\x0A", SHOWN_LABEL, "\\\"\\\\\\\\x0a");
	(void)setenv("LC_ALL", "C", 1);
	shown_locale();
	shows("\\xC3\\xA9", SHOWN_TEXT, "\\xc3\\xa9");
	(void)setenv("LC_ALL", "de_DE.UTF-8", 1);
	shown_locale();
	shows("\\xC3\\xA9", SHOWN_TEXT, "\xc3\xa9");
	ok(shown_columns(slice_of("a\xc3\xa9z")) == 3, "columns");
	ok(shown_cut(slice_of("a\xc3\xa9z"), 2).len == 3, "cut by letters");
	ok(shown_cut(slice_of("abc"), 9).len == 3, "or not");
}

static bool
wanted(const char *text, const char *message)
{
	struct line line = parsed(text);

	return wanted_message(&line, slice_of(message));
}

static void
test_wanted(void)
{
	const char *text = "7 192.0.2.1 message ok id=1.2.3 user=joe from=A@b "
			   "to=c\\x40d@e qp=77 msgid=x@y";
	struct line line = parsed(text);
	char cut[512] = "7 192.0.2.1 message ok from=";

	ok(wanted(text, "1.2.3") && wanted(text, "a@B") &&
			wanted(text, "c@d@e") && wanted(text, "77") &&
			wanted(text, "<x@y>") && wanted(text, "x@y"),
		"by each of them");
	ok(!wanted(text, "7") && !wanted(text, "joe") && !wanted(text, "x@") &&
			!wanted(text, "192.0.2.1") && !wanted(text, ""),
		"and by no other");
	ok(wanted("7 192.0.2.1 connect port=1", "192.0.2.1"), "the address");
	ok(wanted_user(&line, slice_of("JOE")) &&
			!wanted_user(&line, slice_of("jo")),
		"a login");
	memset(cut + strlen(cut), 'a', 120);
	ok(wanted(cut, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com"),
		"one that the log has cut");
}

int
main(void)
{
	test_events();
	test_fields();
	test_shown();
	test_wanted();
	return tap_done();
}
