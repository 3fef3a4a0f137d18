/* Unit test of queue-handoff/received: the line, its words, its safety. */
#include "queue-handoff/received.h"

#include <stdlib.h>

#include "tests/tap.h"

#define TEXT(s)                                                                \
	{                                                                      \
		(s), sizeof(s) - 1                                             \
	}
#define NONE                                                                   \
	{                                                                      \
		NULL, 0                                                        \
	}
#define NOON 1795258800 /* Sat, 21 Nov 2026 11:00:00 +0000 */
#define TAIL " id 7; Sat, 21 Nov 2026 11:00:00 +0000\n"

static const struct line_case {
	const char *what;
	struct received given;
	const char *line;
} lines[] = {
	{"plain",
		{.helo = TEXT("client.example.org"),
			.host = TEXT("mail.example.org"),
			.ip = TEXT("192.0.2.7"),
			.by = TEXT("mx.example.com"),
			.id = TEXT("7"),
			.now = NOON},
		"Received: from client.example.org "
		"(mail.example.org [192.0.2.7])\n"
		"  by mx.example.com with SMTP" TAIL},
	{"nothing known",
		{.by = TEXT("mx"), .id = TEXT("7"), .esmtp = true, .now = NOON},
		"Received: from unknown (unknown [unknown])\n"
		"  by mx with ESMTP" TAIL},
	{"IPv6 address",
		{.helo = TEXT("[IPv6:2001:db8::1]"),
			.ip = TEXT("2001:db8::1"),
			.by = TEXT("mx"),
			.id = TEXT("7"),
			.esmtp = true,
			.now = NOON},
		"Received: from [IPv6:2001:db8::1] "
		"(unknown [IPv6:2001:db8::1])\n"
		"  by mx with ESMTP" TAIL},
	{"authenticated: neither host, address nor login",
		{.helo = TEXT("phone"),
			.host = TEXT("secret.example.org"),
			.ip = TEXT("192.0.2.7"),
			.by = TEXT("mx"),
			.id = TEXT("7"),
			.login = TEXT("joe@example.com"),
			.esmtp = true,
			.tls = true,
			.now = NOON},
		"Received: from phone (authenticated)\n"
		"  by mx with ESMTPSA" TAIL},
	{"authenticated and named",
		{.helo = TEXT("phone"),
			.host = TEXT("host.example.org"),
			.ip = TEXT("192.0.2.7"),
			.by = TEXT("mx"),
			.id = TEXT("7"),
			.login = TEXT("joe@example.com"),
			.name_login = true,
			.esmtp = true,
			.tls = true,
			.now = NOON},
		"Received: from phone (host.example.org [192.0.2.7]) "
		"(authenticated as joe@example.com)\n"
		"  by mx with ESMTPSA" TAIL},
	{"RECEIVEDAUTH without a login changes nothing",
		{.helo = TEXT("phone"),
			.ip = TEXT("192.0.2.7"),
			.by = TEXT("mx"),
			.id = TEXT("7"),
			.name_login = true,
			.esmtp = true,
			.now = NOON},
		"Received: from phone (unknown [192.0.2.7])\n"
		"  by mx with ESMTP" TAIL},
	{"hostile texts",
		{.helo = TEXT("x) by evil (\r\nBcc: a;\t\"<>\\\0\177\303\266"),
			.host = TEXT("a b(c)d;e"),
			.ip = TEXT("1.2.3.4]) ("),
			.by = TEXT("mx"),
			.id = TEXT("7"),
			.login = TEXT("joe)\n"),
			.name_login = true,
			.now = NOON},
		"Received: from x??by?evil????Bcc:?a??????????"
		" (a?b?c?d?e [1.2.3.4]???]) (authenticated as joe?"
		"?)\n"
		"  by mx with SMTP" TAIL},
};

static const struct word_case {
	const char *word;
	bool esmtp, tls, login, utf8;
} words[] = {
	{"SMTP", false, false, false, false},
	{"SMTP", false, true, false, false},
	{"SMTP", false, false, true, false},
	{"SMTP", false, true, true, false},
	{"ESMTP", true, false, false, false},
	{"ESMTPS", true, true, false, false},
	{"ESMTPA", true, false, true, false},
	{"ESMTPSA", true, true, true, false},
	{"UTF8SMTP", true, false, false, true},
	{"UTF8SMTPS", true, true, false, true},
	{"UTF8SMTPA", true, false, true, true},
	{"UTF8SMTPSA", true, true, true, true},
	{"UTF8SMTP", false, false, false, true},
};

static const struct date_case {
	time_t now;
	const char *date;
} dates[] = {
	{0, "Thu, 01 Jan 1970 00:00:00 +0000"},
	{951782399, "Mon, 28 Feb 2000 23:59:59 +0000"},
	{951827696, "Tue, 29 Feb 2000 12:34:56 +0000"},
	{1798761599, "Thu, 31 Dec 2026 23:59:59 +0000"},
	{2147483648, "Tue, 19 Jan 2038 03:14:08 +0000"},
	{-1, "Thu, 01 Jan 1970 00:00:00 +0000"},
	{INT64_MAX, "Thu, 01 Jan 1970 00:00:00 +0000"},
};

static void
test_lines(void)
{
	char text[RECEIVED_MAX];

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct buffer out = BUFFER_OVER(text);

		received_add(&out, &lines[i].given);
		if (!is_bytes(out.data, out.len, lines[i].line,
			    strlen(lines[i].line), lines[i].what))
			printf("# %.*s", (int)out.len, out.data);
	}
}

static void
test_words(void)
{
	char text[RECEIVED_MAX], what[80], wanted[40];

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		const struct word_case *w = &words[i];
		struct buffer out = BUFFER_OVER(text);
		struct received r = {
			.esmtp = w->esmtp, .tls = w->tls, .utf8 = w->utf8};

		if (w->login)
			r.login = slice_of("joe");
		received_add(&out, &r);
		snprintf(what, sizeof what, "%s (esmtp %d tls %d login %d)",
			w->word, w->esmtp, w->tls, w->login);
		snprintf(wanted, sizeof wanted, " with %s id ", w->word);
		ok(buffer_string(&out) != NULL && strstr(text, wanted) != NULL,
			what);
	}
}

static void
test_dates(void)
{
	char text[RECEIVED_MAX];

	/* Neither may change anything. */
	setenv("TZ", "America/New_York", 1);
	setenv("LC_ALL", "de_DE.UTF-8", 1);
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		struct buffer out = BUFFER_OVER(text);
		struct received r = {.now = dates[i].now};

		received_add(&out, &r);
		size_t at = slice_find_last(buffer_slice(&out), ';') + 2;

		if (!is_bytes(out.data + at, out.len - at - 1, dates[i].date,
			    strlen(dates[i].date), dates[i].date))
			printf("# %.*s", (int)(out.len - at), out.data + at);
	}
}

static void
test_long(void)
{
	static char name[4096];
	char text[RECEIVED_MAX];
	struct buffer out = BUFFER_OVER(text);
	struct slice all = {name, sizeof name};
	struct received r = {.helo = all,
		.host = all,
		.ip = all,
		.by = all,
		.id = all,
		.login = all,
		.name_login = true,
		.esmtp = true,
		.tls = true,
		.utf8 = true,
		.now = NOON};
	size_t longest = 0;

	memset(name, ':', sizeof name);
	received_add(&out, &r);
	ok(!out.overflow, "longest line fits in RECEIVED_MAX");
	for (struct slice rest = buffer_slice(&out); rest.data != NULL;) {
		struct slice line = slice_split(&rest, '\n');

		if (line.len > longest)
			longest = line.len;
	}
	ok(longest <= 998, "no line is over 998 octets (RFC 5322 2.1.1)");
	out.len = 0;
	r = (struct received){.helo = all};
	received_add(&out, &r);
	ok(slice_find(slice_from(buffer_slice(&out), 15), ' ') == 255,
		"a client's text is cut at 255 octets");
}

static void
test_small_buffer(void)
{
	char text[RECEIVED_MAX];

	for (size_t cap = 0; cap < 80; cap++) {
		struct buffer out = {text, 0, cap, false};

		received_add(&out, &lines[0].given);
		if (!out.overflow || out.len > cap) {
			ok(0, "a buffer too small overflows cleanly");
			return;
		}
	}
	ok(1, "a buffer too small overflows cleanly");
}

int
main(void)
{
	test_lines();
	test_words();
	test_dates();
	test_long();
	test_small_buffer();
	return tap_done();
}
