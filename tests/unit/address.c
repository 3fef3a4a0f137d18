/*
 * Unit test of session/address; address-utf8.c has the octets over 127,
 * parameters.c what follows the path. Every argument stands in memory of
 * exactly its length, so that a sanitizer sees reading too far.
 */
#include "session/address.h"

#include "lib/buffer.h"
#include "tests/paths.h"
#include "tests/tap.h"

#define TEXT(s) (s), sizeof(s) - 1
#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN
#define LABEL_63 SIXTY "abc"
#define DOMAIN_255 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63

/* An argument as the name of a test, in printable characters. */
static const char *
name_of(const char *in, size_t len, char *out, size_t cap)
{
	struct buffer b = {out, 0, cap, false};

	buffer_add_escaped(&b, (struct slice){in, len}, cap - 1);
	return buffer_string(&b);
}

/* ------------------------------------------------------------------ paths ---
 */

/* The same for both verbs. */
static const struct path_case {
	const char *in;
	size_t len;
	const char *address; /* NULL: a syntax error */
	size_t address_len;
} paths[] = {
	{TEXT("<joe@example.com>"), TEXT("joe@example.com")},
	{TEXT(" <joe@example.com>"), TEXT("joe@example.com")},
	{TEXT("\t  <joe@example.com> \t "), TEXT("joe@example.com")},
	{TEXT("joe@example.com"), TEXT("joe@example.com")},
	{TEXT(" joe@example.com "), TEXT("joe@example.com")},
	{TEXT("<Joe@Example.COM>"), TEXT("Joe@Example.COM")},
	{TEXT("<postmaster>"), TEXT("postmaster")},
	{TEXT("<a.b.c>"), TEXT("a.b.c")},
	{TEXT("<!#$%&'*+-/=?^_`{|}~@x>"), TEXT("!#$%&'*+-/=?^_`{|}~@x")},
	{TEXT("<u%v@x>"), TEXT("u%v@x")},
	{TEXT("<list-return-7-joe=example.com@example.org>"),
		TEXT("list-return-7-joe=example.com@example.org")},

	/* Without brackets it must be a mailbox. */
	{TEXT("postmaster"), NULL, 0},
	{TEXT(""), NULL, 0},
	{TEXT("  "), NULL, 0},
	{TEXT("a@b>"), NULL, 0},
	{TEXT("\"a b\"@x"), NULL, 0},
	{TEXT("@a:u@c"), NULL, 0},

	/* Quoted strings, raw afterwards. */
	{TEXT("<\"joe\"@x>"), TEXT("joe@x")},
	{TEXT("<\"a b\"@x>"), TEXT("a b@x")},
	{TEXT("<\"a\\\"b\"@x>"), TEXT("a\"b@x")},
	{TEXT("<\"a\\\\b\"@x>"), TEXT("a\\b@x")},
	{TEXT("<\"\\a\\ \\b\"@x>"), TEXT("a b@x")},
	{TEXT("<\"a@b\"@c>"), TEXT("a@b@c")},
	{TEXT("<\">\"@c>"), TEXT(">@c")},
	{TEXT("<\"a..b.\"@c>"), TEXT("a..b.@c")},
	{TEXT("<\"joe\">"), TEXT("joe")},
	{TEXT("\"joe\"@x"), TEXT("joe@x")},
	{TEXT("<\"a@b\">"), NULL, 0},
	{TEXT("<\"\"@x>"), NULL, 0},
	{TEXT("<\"\">"), NULL, 0},
	{TEXT("<\"a@x>"), NULL, 0},
	{TEXT("<\""), NULL, 0},
	{TEXT("<\"a"), NULL, 0},
	{TEXT("<\"a\\"), NULL, 0},
	{TEXT("<\"a\\\""), NULL, 0},
	{TEXT("<\"a\\\">"), NULL, 0},
	{TEXT("<\"a\"b@x>"), NULL, 0},
	{TEXT("<a\"b\"@x>"), NULL, 0},
	{TEXT("<\"a\".\"b\"@x>"), NULL, 0},
	{TEXT("<a\\b@x>"), NULL, 0},

	/* Control characters never, in whatever way they are written. */
	{TEXT("<a\0b@x>"), NULL, 0},
	{TEXT("<\"a\0b\"@x>"), NULL, 0},
	{TEXT("<\"a\\\0b\"@x>"), NULL, 0},
	{TEXT("<\"a\\\nb\"@x>"), NULL, 0},
	{TEXT("<\"a\rb\"@x>"), NULL, 0},
	{TEXT("<\"a\tb\"@x>"), NULL, 0},
	{TEXT("<\"a\\\tb\"@x>"), NULL, 0},
	{TEXT("<\"a\177b\"@x>"), NULL, 0},
	{TEXT("<\"a\\\177b\"@x>"), NULL, 0},
	{TEXT("<a\177@x>"), NULL, 0},
	{TEXT("<a@x\0>"), NULL, 0},
	{TEXT("<a@x\n>"), NULL, 0},
	{TEXT("<a@x>\0"), NULL, 0},
	{TEXT("a@x\0"), NULL, 0},
	{TEXT("<a@\033x>"), NULL, 0},

	/* Dots. */
	{TEXT("<.a@x>"), TEXT(".a@x")},
	{TEXT("<a.@x>"), TEXT("a.@x")},
	{TEXT("<a..b@x>"), TEXT("a..b@x")},
	{TEXT("<...a..b...@x>"), TEXT("...a..b...@x")},
	{TEXT("<.@x>"), TEXT(".@x")},
	{TEXT("a..@x"), TEXT("a..@x")},
	{TEXT("<a..>"), TEXT("a..")},
	{TEXT("<a@example.com.>"), TEXT("a@example.com")},
	{TEXT("a@example.com."), TEXT("a@example.com")},
	{TEXT("<a@example.com..>"), NULL, 0},
	{TEXT("<a@.example.com>"), NULL, 0},
	{TEXT("<a@example..com>"), NULL, 0},
	{TEXT("<a@.>"), NULL, 0},
	{TEXT("<a@>"), NULL, 0},
	{TEXT("<@x>"), NULL, 0},
	{TEXT("<@>"), NULL, 0},

	/* Domains. */
	{TEXT("<a@x_y.example.com>"), TEXT("a@x_y.example.com")},
	{TEXT("<a@-x-.1>"), TEXT("a@-x-.1")},
	{TEXT("<a@x y>"), NULL, 0},
	{TEXT("<a@x!y>"), NULL, 0},
	{TEXT("<a@x%y>"), NULL, 0},
	{TEXT("<a@b@c>"), NULL, 0},
	{TEXT("<a@\"b\">"), NULL, 0},
	{TEXT("<a@" LABEL_63 ".com>"), TEXT("a@" LABEL_63 ".com")},
	{TEXT("<a@" LABEL_63 "d.com>"), NULL, 0},
	{TEXT("<a@com." LABEL_63 "d>"), NULL, 0},
	{TEXT("<a@" LABEL_63 "d>"), NULL, 0},
	{TEXT("<a@" DOMAIN_255 ">"), TEXT("a@" DOMAIN_255)},
	{TEXT("<a@" DOMAIN_255 ".>"), TEXT("a@" DOMAIN_255)},
	{TEXT("<a@" DOMAIN_255 ".x>"), NULL, 0},
	{TEXT("<" SIXTY TEN "@x>"), TEXT(SIXTY TEN "@x")},

	/* Literals. */
	{TEXT("<a@[192.0.2.1]>"), TEXT("a@[192.0.2.1]")},
	{TEXT("a@[192.0.2.1]"), TEXT("a@[192.0.2.1]")},
	{TEXT("<a@[IPv6:2001:db8::1]>"), TEXT("a@[IPv6:2001:db8::1]")},
	{TEXT("<a@[ipv6:::]>"), TEXT("a@[ipv6:::]")},
	{TEXT("<a@[IPv6:::ffff:192.0.2.1]>"),
		TEXT("a@[IPv6:::ffff:192.0.2.1]")},
	{TEXT("<a@[2001:db8::1]>"), NULL, 0},
	{TEXT("<a@[IPv6:192.0.2.1]>"), NULL, 0},
	{TEXT("<a@[192.0.2]>"), NULL, 0},
	{TEXT("<a@[192.0.2.256]>"), NULL, 0},
	{TEXT("<a@[192.0.2.1\0]>"), NULL, 0},
	{TEXT("<a@[192.0.2.1 ]>"), NULL, 0},
	{TEXT("<a@[ 192.0.2.1]>"), NULL, 0},
	{TEXT("<a@[192.0.2.1]x>"), NULL, 0},
	{TEXT("<a@[192.0.2.1].>"), NULL, 0},
	{TEXT("<a@[192.0.2.1>"), NULL, 0},
	{TEXT("<a@[]>"), NULL, 0},
	{TEXT("<a@["), NULL, 0},
	{TEXT("<a@[IPv6:]>"), NULL, 0},
	{TEXT("<a@[IPv6:fe80::1%eth0]>"), NULL, 0},
	{TEXT("<a@[" SIXTY TEN "]>"), NULL, 0},

	/* Source routes. */
	{TEXT("<@a:u@c>"), TEXT("u@c")},
	{TEXT("<@a,@b.example.org:u@c>"), TEXT("u@c")},
	{TEXT("<@a:\"u v\"@c>"), TEXT("u v@c")},
	{TEXT("<@" DOMAIN_255 ",@" DOMAIN_255 ",@" DOMAIN_255 ",@" DOMAIN_255
	      ":u@c>"),
		TEXT("u@c")},
	{TEXT("<@a:u>"), NULL, 0},
	{TEXT("<@a:>"), NULL, 0},
	{TEXT("<@a,b:u@c>"), NULL, 0},
	{TEXT("<@a,:u@c>"), NULL, 0},
	{TEXT("<@:u@c>"), NULL, 0},
	{TEXT("<@a@b:u@c>"), NULL, 0},
	{TEXT("<@a:@b:u@c>"), NULL, 0},
	{TEXT("<@a u@c>"), NULL, 0},

	/* Brackets that don't fit, and what stands around them. */
	{TEXT("<a@b"), NULL, 0},
	{TEXT("<a@b>>"), NULL, 0},
	{TEXT("<<a@b>"), NULL, 0},
	{TEXT("<<a@b>>"), NULL, 0},
	{TEXT("<a b@c>"), NULL, 0},
	{TEXT("< a@b>"), NULL, 0},
	{TEXT("<a@b >"), NULL, 0},
	{TEXT("<u@x>y"), NULL, 0},
	{TEXT("<u@x>SIZE=1"), NULL, 0},
	{TEXT("<u@x>,<v@x>"), NULL, 0},
	{TEXT("< >"), NULL, 0},
	{TEXT("<"), NULL, 0},
	{TEXT(">"), NULL, 0},
	{TEXT("Joe <a@b>"), NULL, 0},
	{TEXT("a,b@c"), NULL, 0},
	{TEXT("(a)b@c"), NULL, 0},
};

static void
test_path(const struct path_case *c, bool utf8)
{
	enum address_result expected =
		c->address == NULL ? ADDRESS_SYNTAX : ADDRESS_OK;
	char name[80];
	const char *what = name_of(c->in, c->len, name, sizeof name);
	struct paths b;

	paths_run(c->in, c->len, utf8, &b);
	ok(b.mail == expected && b.rcpt == expected, what);
	if (c->address == NULL)
		return;
	is_bytes(b.sender.text, b.sender.len, c->address, c->address_len, what);
	is_bytes(b.recipient.text, b.recipient.len, c->address, c->address_len,
		what);
	ok(!b.sender.eight_bit && !b.recipient.eight_bit, what);
}

static void
test_paths(void)
{
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		test_path(&paths[i], false);
		test_path(&paths[i], true);
	}
}

/* ----------------------------------------------------------------- limits ---
 */

static void
test_length(void)
{
	static const char *const forms[][2] = {{"<", "@example.com>"},
		{"<\"", "\"@example.com>"}, {"", "@example.com"},
		{"<@a.example,@b:", "@example.com>"}};
	char in[5000];

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		for (size_t len = ADDRESS_MAX - 2; len < ADDRESS_MAX + 3;
			len++) {
			size_t local = len - strlen("@example.com");
			char *at = stpcpy(in, forms[i][0]);
			struct paths b;

			at = stpcpy((char *)memset(at, 'a', local) + local,
				forms[i][1]);
			paths_run(in, (size_t)(at - in), false, &b);
			if (len <= ADDRESS_MAX)
				ok(b.rcpt == ADDRESS_OK &&
						b.recipient.len == len,
					"an address that just fits");
			else
				ok(b.rcpt == ADDRESS_SYNTAX &&
						b.mail == ADDRESS_SYNTAX,
					"an address that does not");
		}
	for (size_t i = 0; i < 256; i++) {
		struct paths b;

		memset(in, (int)i, sizeof in);
		in[0] = '<';
		paths_run(in, sizeof in, true, &b);
		ok(b.rcpt == ADDRESS_SYNTAX && b.mail == ADDRESS_SYNTAX,
			"4999 times the same octet");
	}
}

/* ------------------------------------------------------------------ verbs ---
 */

static void
test_verbs(void)
{
	static const char *const wrong[] = {"", "F", "FROM", "FROM <a@b>",
		"FROM :<a@b>", "FROMM:<a@b>", "TO<a@b>", "TO", "<a@b>", "a@b",
		" FROM:<a@b>", " TO:<a@b>"};
	struct address a;
	struct mail_parameters m;
	struct paths b;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct slice arg = slice_of(wrong[i]);

		ok(address_mail(arg, true, &a, &m) == ADDRESS_SYNTAX, wrong[i]);
		ok(address_rcpt(arg, true, &a) == ADDRESS_SYNTAX, wrong[i]);
	}
	ok(address_mail(SLICE_NONE, true, &a, &m) == ADDRESS_SYNTAX,
		"no argument");
	ok(address_mail(slice_of("TO:<a@b>"), true, &a, &m) == ADDRESS_SYNTAX,
		"TO: is not FROM:");
	ok(address_rcpt(slice_of("FROM:<a@b>"), true, &a) == ADDRESS_SYNTAX,
		"FROM: is not TO:");
	ok(address_mail(slice_of("fRoM:<a@b>"), true, &a, &m) == ADDRESS_OK,
		"from: in any case");
	ok(address_rcpt(slice_of("tO:<a@b>"), true, &a) == ADDRESS_OK,
		"to: in any case");
	paths_run("<>", 2, true, &b);
	ok(b.mail == ADDRESS_OK && b.sender.len == 0, "MAIL: the null path");
	ok(b.rcpt == ADDRESS_SYNTAX, "RCPT: no null path");
	paths_run(" <> ", 4, true, &b);
	ok(b.mail == ADDRESS_OK && b.sender.len == 0, "blanks around it");
	paths_run("<>x", 3, true, &b);
	ok(b.mail == ADDRESS_SYNTAX, "text behind it");
	paths_run("<@a:>", 5, true, &b);
	ok(b.mail == ADDRESS_SYNTAX, "a route to nowhere");
	paths_run("<a@b> SIZE=1", 12, true, &b);
	ok(b.rcpt == ADDRESS_PARAMETER, "RCPT takes no SIZE");
	paths_run("<a@b> NOTIFY=NEVER", 18, true, &b);
	ok(b.rcpt == ADDRESS_PARAMETER, "RCPT takes no NOTIFY");
	paths_run("a@b x", 5, true, &b);
	ok(b.rcpt == ADDRESS_PARAMETER && b.mail == ADDRESS_PARAMETER,
		"a word behind a bare path");
}

int
main(void)
{
	test_paths();
	test_length();
	test_verbs();
	return tap_done();
}
