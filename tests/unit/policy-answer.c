/*
 * Unit test: policysocket's grammar, what a policy daemon is asked, and what
 * its answers mean.
 */
#include "keeper/policy_answer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "control/policysocket.h"
#include "keeper/policy_request.h"
#include "tests/tap.h"

/* ------------------------------------------------------------- setting --- */

static const struct setting {
	const char *text, *server;
	bool rcpt, end;
} settings[] = {
	{"/run/p", "/run/p", true, false},
	{"  /run/p\tRCPT ", "/run/p", true, false},
	{"/run/p end", "/run/p", false, true},
	{"/run/p end rcpt", "/run/p", true, true},
	{"127.0.0.1:10031", "127.0.0.1:10031", true, false},
	{"[::1]:10031 end", "[::1]:10031", false, true},
	{"run/p", NULL, false, false},
	{"", NULL, false, false},
	{"localhost:10031", NULL, false, false},
	{"::1:10031", NULL, false, false},
	{"[127.0.0.1]:1", NULL, false, false},
	{"127.0.0.1:", NULL, false, false},
	{"127.0.0.1:0", NULL, false, false},
	{"127.0.0.1:65536", NULL, false, false},
	{"127.0.0.1:1x", NULL, false, false},
	{"[]:1", NULL, false, false},
	{":1", NULL, false, false},
	{"/run/p data", NULL, false, false},
};

static void
test_settings(void)
{
	struct policysocket p;

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		const struct setting *s = &settings[i];
		const char *fault = policysocket_read(&p, slice_of(s->text));

		if (s->server == NULL)
			ok(fault != NULL, s->text);
		else
			ok(fault == NULL && slice_is(p.server, s->server) &&
					p.rcpt == s->rcpt && p.end == s->end,
				s->text);
	}
}

static void
test_addresses(void)
{
	struct sockaddr_storage address;
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)&address;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)&address;
	char path[200];

	memset(path, 'x', sizeof path);
	path[0] = '/';
	ok(policysocket_address(slice_of("127.0.0.1:258"), &address) ==
				sizeof *a4 &&
			a4->sin_family == AF_INET &&
			a4->sin_port == htons(258) &&
			a4->sin_addr.s_addr == htonl(INADDR_LOOPBACK),
		"IPv4");
	ok(policysocket_address(slice_of("[::1]:1"), &address) == sizeof *a6 &&
			a6->sin6_family == AF_INET6 &&
			IN6_IS_ADDR_LOOPBACK(&a6->sin6_addr),
		"IPv6");
	ok(policysocket_address((struct slice){path, 107}, &address) != 0,
		"the longest path");
	ok(policysocket_address((struct slice){path, 108}, &address) == 0,
		"a longer one");
}

/* -------------------------------------------------------------- request --- */

static void
test_request(void)
{
	char text[POLICY_REQUEST_MAX], wide[POLICY_VALUE_MAX + 500];
	struct buffer b = BUFFER_OVER(text);
	struct policy_request r = {.state = "RCPT",
		.esmtp = true,
		.helo = {"a\nb\0c\rd\x7f", 8},
		.sender = slice_of("x=y@example.org"),
		.recipients = 3,
		.size = UINT64_MAX};

	policy_request_write(&r, &b);
	struct slice all = buffer_slice(&b);
	const char *said = buffer_string(&b);

	ok(said != NULL &&
			strncmp(said, "request=smtpd_access_policy\n", 28) == 0,
		"begins with its name");
	ok(strstr(said, "\nhelo_name=a?b?c?d?\n") != NULL,
		"no value ends a line");
	ok(strstr(said, "\nsender=x=y@example.org\nrecipient=\n") != NULL,
		"= in a value, an absent one");
	ok(strstr(said, "\nprotocol_name=ESMTP\n") != NULL &&
			strstr(said, "\nrecipient_count=3\n") != NULL &&
			strstr(said, "\nsize=18446744073709551615\n") != NULL,
		"words and numbers");
	ok(policy_answer_length(all) == all.len,
		"ends with the only empty line");
	memset(wide, 'x', sizeof wide);
	r.helo = r.sender = r.recipient = r.client_address = r.client_name =
		r.client_port = r.server_address = r.server_port = r.instance =
			(struct slice){wide, 1000};
	b.len = 0;
	r.sender.len = sizeof wide;
	policy_request_write(&r, &b);
	ok(!b.overflow, "the longest fit");
}

/* --------------------------------------------------------------- answer --- */

static const struct row {
	const char *text;
	enum policy_meaning meaning;
	const char *reply; /* or header */
} rows[] = {
	{"action=OK", MEANS_ACCEPT, ""},
	{"action=dunno", MEANS_ACCEPT, ""},
	{"action=Defer_If_Reject x", MEANS_ACCEPT, ""},
	{"x=y\naction=OK\nz=", MEANS_ACCEPT, ""},
	{"action=REJECT", MEANS_REFUSE, "554 5.7.1 Access denied"},
	{"action=\tREJECT \tno way ", MEANS_REFUSE, "554 5.7.1 no way"},
	{"action=DEFER", MEANS_REFUSE, "450 4.7.1 Access denied"},
	{"action=DEFER_IF_PERMIT", MEANS_REFUSE,
		"450 4.7.1 Service unavailable"},
	{"action=550 5.1.1 a=b", MEANS_REFUSE, "550 5.1.1 a=b"},
	{"action=450", MEANS_REFUSE, "450 4.7.1 Access denied"},
	{"action=450 450 x", MEANS_REFUSE, "450 4.7.1 450 x"},
	{"action=450 5.1.1 x", MEANS_REFUSE, "450 4.7.1 x"},
	{"action=550 x\r", MEANS_REFUSE, "550 5.7.1 x"},
	{"action=421 x", MEANS_CLOSE, "421 4.7.1 x"},
	{"action=521", MEANS_CLOSE, "521 5.7.1 Access denied"},
	{"action=PREPEND X-A: b", MEANS_PREPEND, "X-A: b"},
	{"action=prepend  X:", MEANS_PREPEND, "X:"},
	{"action=PREPEND X-A: b\r", MEANS_OTHER, NULL},
	{"action=PREPEND X A: b", MEANS_OTHER, NULL},
	{"action=PREPEND", MEANS_OTHER, NULL},
	{"action=REJECTED", MEANS_OTHER, NULL},
	{"action=350 x", MEANS_OTHER, NULL},
	{"action=45", MEANS_OTHER, NULL},
	{"action=4 50", MEANS_OTHER, NULL},
	{"action=", MEANS_NOTHING, NULL},
	{"action= ", MEANS_NOTHING, NULL},
	{"Action=OK", MEANS_NOTHING, NULL},
	{"action", MEANS_NOTHING, NULL},
	{"action=OK\naction=OK", MEANS_NOTHING, NULL},
	{"action=OK\nHTTP/1.1 200", MEANS_NOTHING, NULL},
	{"", MEANS_NOTHING, NULL},
};

static void
test_answers(void)
{
	struct policy_answer answer;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[200];
		struct buffer b = BUFFER_OVER(text);

		buffer_add_text(&b, rows[i].text);
		buffer_add_text(&b, rows[i].text[0] == '\0' ? "\n" : "\n\n");
		policy_answer_read(&answer, buffer_slice(&b));
		ok(answer.meaning == rows[i].meaning, rows[i].text);
		if (answer.meaning == MEANS_PREPEND)
			ok(slice_is(answer.header, rows[i].reply), "header");
		else if (rows[i].reply != NULL)
			ok(strcmp(answer.reply, rows[i].reply) == 0,
				rows[i].reply);
	}
	policy_answer_read(&answer, (struct slice){"action=OK\0\n\n", 12});
	ok(answer.meaning == MEANS_NOTHING, "a NUL");
}

static void
test_lengths(void)
{
	ok(policy_answer_length(slice_of("")) == 0, "nothing");
	ok(policy_answer_length(slice_of("\n")) == 1, "an empty line");
	ok(policy_answer_length(slice_of("a=b\n")) == 0, "no empty line");
	ok(policy_answer_length(slice_of("a=b\n\r\n")) == 0, "CR LF is none");
	ok(policy_answer_length(slice_of("a=b\n\n")) == 5, "whole");
	ok(policy_answer_length(slice_of("a=b\n\nc=d\n\n")) == 5, "the first");
}

int
main(void)
{
	test_settings();
	test_addresses();
	test_request();
	test_answers();
	test_lengths();
	return tap_done();
}
