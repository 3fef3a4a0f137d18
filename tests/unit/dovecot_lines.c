/*
 * Unit test of auth/dovecot_lines: what Dovecot says, and what no Dovecot
 * should.
 */
#include "auth/dovecot_lines.h"

#include <string.h>

#include "tests/tap.h"

static const struct hello_case {
	const char *what, *lines; /* LF between */
	const char *offered;	  /* NULL: refused */
	bool done;
} hellos[] = {
	{"usual",
		"VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t2\n"
		"COOKIE\tabc\nDONE",
		"PLAIN", true},
	{"oldest", "VERSION\t1\t1\nMECH\tLOGIN\nDONE", "LOGIN", true},
	{"minor versions only add",
		"VERSION\t1\t99\tmore\nMECH\tLOGIN\nNEWS\tx\nDONE\tx", "LOGIN",
		true},
	{"not done", "VERSION\t1\t1\nMECH\tLOGIN", "LOGIN", false},
	{"order", "VERSION\t1\t1\nMECH\tB\nMECH\tA\nMECH\tB\nDONE", "B A",
		true},
	{"nobody's",
		"VERSION\t1\t1\nMECH\tANONYMOUS\nMECH\tX\tdictionary\tanonymous"
		"\n"
		"MECH\tY\tprivate\nMECH\tEXTERNAL\nMECH\tZ-PLUS\nMECH\t-PLUS\n"
		"DONE",
		"-PLUS", true},
	{"no names",
		"VERSION\t1\t1\nMECH\nMECH\t\nMECH\tlow\nMECH\tA "
		"B\nMECH\tA\rB\n"
		"MECH\tABCDEFGHIJKLMNOPQRSTU\nMECH\tABCDEFGHIJKLMNOPQRST\nDONE",
		"ABCDEFGHIJKLMNOPQRST", true},
	{"another major version", "VERSION\t2\t1", NULL, false},
	{"version 0", "VERSION\t0\t9", NULL, false},
	{"version 1.0", "VERSION\t1\t0", NULL, false},
	{"no minor version", "VERSION\t1", NULL, false},
	{"no version", "VERSION", NULL, false},
	{"letters for a version", "VERSION\tone\tone", NULL, false},
	{"version not first", "SPID\t1\nVERSION\t1\t1", NULL, false},
	{"DONE first", "DONE", NULL, false},
	{"empty line first", "", NULL, false},
	{"version in the middle that is worse",
		"VERSION\t1\t1\nMECH\tA\nVERSION\t2\t0", NULL, false},
};

static void
check_hellos(void)
{
	for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++) {
		const struct hello_case *c = &hellos[i];
		char names[64];
		struct dovecot_handshake h = {.offered = BUFFER_OVER(names)};
		struct slice rest = slice_of(c->lines);
		int result = 0;

		while (rest.data != NULL && result == 0)
			result = dovecot_hear_handshake(
				&h, slice_split(&rest, '\n'));
		if (c->offered == NULL)
			ok(result == -1 && !h.done, c->what);
		else
			ok(result == 0 && h.done == c->done &&
					slice_is(buffer_slice(&h.offered),
						c->offered),
				c->what);
	}
}

static void
check_room(void)
{
	char names[10];
	struct dovecot_handshake h = {.offered = BUFFER_OVER(names)};

	dovecot_hear_handshake(&h, slice_of("VERSION\t1\t1"));
	dovecot_hear_handshake(&h, slice_of("MECH\tPLAIN"));
	dovecot_hear_handshake(&h, slice_of("MECH\tLOGIN"));
	dovecot_hear_handshake(&h, slice_of("MECH\tABC"));
	ok(slice_is(buffer_slice(&h.offered), "PLAIN ABC") &&
			!h.offered.overflow,
		"a name that does not fit is left out, whole");
}

static const struct answer_case {
	const char *what, *line;
	int heard;
	unsigned result;
	const char *login, *text; /* challenge, reason or detail */
} answers[] = {
	{"challenge", "CONT\t1\tYWJj", 1, EXCHANGE_CHALLENGE, "", "abc"},
	{"empty challenge", "CONT\t1\t", 1, EXCHANGE_CHALLENGE, "", ""},
	{"no challenge", "CONT\t1", 1, EXCHANGE_CHALLENGE, "", ""},
	{"more behind it", "CONT\t1\tYWJj\tnew", 1, EXCHANGE_CHALLENGE, "",
		"abc"},
	{"no base64", "CONT\t1\tYWJ", 1, EXCHANGE_TEMPORARY, "",
		"malformed challenge"},
	{"ok", "OK\t1\tuser=joe", 1, EXCHANGE_OK, "joe@example.org", ""},
	{"ok, a domain", "OK\t1\tx\tuser=joe@b.example\ty=z", 1, EXCHANGE_OK,
		"joe@b.example", ""},
	{"ok, an = in it", "OK\t1\tuser=a=b@c", 1, EXCHANGE_OK, "a=b@c", ""},
	{"ok, two of them", "OK\t1\tuser=a@b\tuser=eve@b", 1, EXCHANGE_OK,
		"a@b", ""},
	{"ok, nobody", "OK\t1", 1, EXCHANGE_TEMPORARY, "",
		"login without a usable name"},
	{"ok, another word", "OK\t1\tsuperuser=joe\tuserx=joe", 1,
		EXCHANGE_TEMPORARY, "", "login without a usable name"},
	{"ok, user alone", "OK\t1\tuser", 1, EXCHANGE_TEMPORARY, "",
		"login without a usable name"},
	{"ok, empty", "OK\t1\tuser=", 1, EXCHANGE_TEMPORARY, "",
		"login without a usable name"},
	{"ok, control octet", "OK\t1\tuser=a\x01t", 1, EXCHANGE_TEMPORARY, "",
		"login without a usable name"},
	{"ok, DEL", "OK\t1\tuser=a\x7f", 1, EXCHANGE_TEMPORARY, "",
		"login without a usable name"},
	{"fail", "FAIL\t1", 1, EXCHANGE_FAIL, "", "password"},
	{"fail, a user", "FAIL\t1\tuser=joe@b", 1, EXCHANGE_FAIL, "joe@b",
		"password"},
	{"fail, no user", "FAIL\t1\tuser=\x01", 1, EXCHANGE_FAIL, "",
		"password"},
	{"fail, temp", "FAIL\t1\ttemp", 1, EXCHANGE_TEMPORARY, "",
		"temporary failure"},
	{"fail, temp_fail", "FAIL\t1\tcode=temp_fail\tuser=a@b", 1,
		EXCHANGE_TEMPORARY, "a@b", "temporary failure"},
	{"fail, temp and disabled", "FAIL\t1\tuser_disabled\ttemp", 1,
		EXCHANGE_TEMPORARY, "", "temporary failure"},
	{"fail, temp=1 is another word", "FAIL\t1\ttemp=1", 1, EXCHANGE_FAIL,
		"", "password"},
	{"fail, authz", "FAIL\t1\tauthz", 1, EXCHANGE_FAIL, "", "password"},
	{"fail, disabled", "FAIL\t1\tuser_disabled", 1, EXCHANGE_FAIL, "",
		"disabled"},
	{"fail, disabled by code", "FAIL\t1\tcode=user_disabled", 1,
		EXCHANGE_FAIL, "", "disabled"},
	{"fail, expired", "FAIL\t1\tcode=pass_expired", 1, EXCHANGE_FAIL, "",
		"expired"},
	{"fail, the reason is not a code", "FAIL\t1\treason=temp", 1,
		EXCHANGE_FAIL, "", "password"},
	{"another id", "OK\t2\tuser=joe", 0, 0, "", ""},
	{"no id", "OK", 0, 0, "", ""},
	{"empty id", "OK\t\tuser=joe", 0, 0, "", ""},
	{"another command", "NEWS\t1\tuser=joe", 0, 0, "", ""},
	{"small letters", "ok\t1\tuser=joe", 0, 0, "", ""},
	{"nothing", "", 0, 0, "", ""},
};

static bool
says(const struct word *p, const char *text)
{
	struct slice challenge = {p->body, p->body_len};

	if (p->result == EXCHANGE_CHALLENGE)
		return slice_is(challenge, text);
	return strcmp(p->result == EXCHANGE_FAIL ? p->reason : p->detail,
		       text) == 0;
}

static void
check_answers(void)
{
	static struct word word;

	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		const struct answer_case *c = &answers[i];

		memset(&word, 0, sizeof word);
		int heard = dovecot_hear_answer(
			&word, slice_of(c->line), slice_of("example.org"));
		struct slice login = {word.login, word.login_len};

		ok(heard == c->heard && word.result == c->result &&
				(heard == 0 || (slice_is(login, c->login) &&
						       says(&word, c->text))),
			c->what);
	}
}

static void
check_lengths(void)
{
	static struct word word;
	static char line[DOVECOT_LINE_MAX];
	struct buffer b = BUFFER_OVER(line);

	buffer_add_text(&b, "CONT\t1\t");
	while (b.len < 7 + 12288)
		buffer_add_char(&b, 'A');
	ok(dovecot_hear_answer(&word, buffer_slice(&b), slice_of(NULL)) == 1 &&
			word.result == EXCHANGE_CHALLENGE &&
			word.body_len == WORD_BODY_MAX,
		"12288 octets of base64");
	buffer_add_text(&b, "AAAA");
	ok(dovecot_hear_answer(&word, buffer_slice(&b), slice_of(NULL)) == 1 &&
			word.result == EXCHANGE_TEMPORARY,
		"four more are too many");
	b.len = 0;
	buffer_add_text(&b, "OK\t1\tuser=");
	while (b.len < 10 + USERS_LOGIN_MAX)
		buffer_add_char(&b, 'u');
	ok(dovecot_hear_answer(&word, buffer_slice(&b), slice_of(NULL)) == 1 &&
			word.result == EXCHANGE_OK &&
			word.login_len == USERS_LOGIN_MAX,
		"the longest login");
	ok(dovecot_hear_answer(&word, buffer_slice(&b), slice_of("x")) == 1 &&
			word.result == EXCHANGE_TEMPORARY,
		"no room for its domain");
}

static void
check_words(void)
{
	char text[400];
	struct buffer b = BUFFER_OVER(text);
	struct authenticator_peer peer = {slice_of("2001:db8::7"),
		slice_of("4711"), slice_of("192.0.2.1"), slice_of("587"), true};

	dovecot_say_hello(&b, 42);
	ok(slice_is(buffer_slice(&b), "VERSION\t1\t1\nCPID\t42\n"), "hello");
	b.len = 0;
	dovecot_say_auth(&b, "GSSAPI", &peer, slice_of("abc"));
	ok(slice_is(buffer_slice(&b),
		   "AUTH\t1\tGSSAPI\tservice=smtp\tnologin\tlip=192.0.2.1\t"
		   "rip=2001:db8::7\tlport=587\trport=4711\tsecured\t"
		   "resp=YWJj\n"),
		"AUTH");
	b.len = 0;
	peer = (struct authenticator_peer){slice_of("unknown"),
		slice_of("1\n2"), slice_of("1\tresp=x"), slice_of(NULL), false};
	dovecot_say_auth(&b, "X", &peer, slice_of(NULL));
	ok(slice_is(buffer_slice(&b), "AUTH\t1\tX\tservice=smtp\tnologin\n"),
		"AUTH with nothing that is good for a parameter");
	b.len = 0;
	dovecot_say_auth(&b, "X", &peer, slice_of(""));
	ok(slice_is(buffer_slice(&b),
		   "AUTH\t1\tX\tservice=smtp\tnologin\tresp=\n"),
		"an empty response is one");
	b.len = 0;
	dovecot_say_response(&b, slice_of("abcd"));
	ok(slice_is(buffer_slice(&b), "CONT\t1\tYWJjZA==\n"), "CONT");
	b.len = 0;
	dovecot_say_response(&b, slice_of(""));
	ok(slice_is(buffer_slice(&b), "CONT\t1\t\n"), "CONT with nothing");
}

int
main(void)
{
	check_hellos();
	check_room();
	check_answers();
	check_lengths();
	check_words();
	return tap_done();
}
