/* Unit test of conf/host: names, domains. */
#include "conf/mailhost.h"

#include "tests/tap.h"
#include "lib/hostname.h"

static void
test_names(void)
{
	static const struct {
		const char *name;
		bool good;
	} names[] = {
		{"mail.example.com", true},
		{"example.com", true},
		{"a.b", true},
		{"1and1.example", true},
		{"10.example", true},
		{"xn--mal-6ka.example.com", true},
		{"localhost", true},
		{"a-b.c-d", true},
		{"", false},
		{"mail", false},
		{".", false},
		{".example.com", false},
		{"example.com.", false},
		{"a..b", false},
		{"-a.example", false},
		{"a-.example", false},
		{"a_b.example", false},
		{"a b.example", false},
		{"a/b.example", false},
		{"10.0.0.1", false},
		{"1.2", false},
		{"Mail.example.com", false},
		{"ma\xc3\xafl.example.com", false},
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ok((mailhost_fault(slice_of(names[i].name)) == NULL) ==
				names[i].good,
			names[i].name);
}

static void
test_lengths(void)
{
	char text[300];

	memset(text, 'a', sizeof text);
	text[63] = '.';
	ok(mailhost_fault((struct slice){text, 66}) == NULL, "a label of 63");
	text[63] = 'a';
	text[64] = '.';
	ok(mailhost_fault((struct slice){text, 67}) != NULL, "a label of 64");
	text[64] = 'a';
	for (size_t i = 1; i < sizeof text; i += 2)
		text[i] = '.';
	ok(mailhost_fault((struct slice){text, 253}) == NULL, "253 octets");
	ok(mailhost_fault((struct slice){text, 255}) != NULL, "255 octets");
}

static void
test_domains(void)
{
	ok(strcmp(hostname_domain("mail.example.com"), "example.com") == 0,
		"the first label goes");
	ok(strcmp(hostname_domain("a.b.example.com"), "b.example.com") == 0,
		"the first alone");
	ok(strcmp(hostname_domain("example.com"), "example.com") == 0,
		"two labels stay");
	ok(strcmp(hostname_domain("localhost"), "localhost") == 0, "one stays");
}

int
main(void)
{
	test_names();
	test_lengths();
	test_domains();
	return tap_done();
}
