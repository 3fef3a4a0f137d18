/* Unit test of queue-handoff/mailbox: one address in, one address out. */
#include "queue/mailbox.h"

#include <string.h>

#include "tests/tap.h"

/* NULL: refused. */
static const struct mailbox_case {
	const char *given, *quoted, *bare;
} cases[] = {
	{"joe@example.com", "joe@example.com", "joe@example.com"},
	{"joe+tag=x/y|z!#$%&'*?^_`{}~-@example.com",
		"joe+tag=x/y|z!#$%&'*?^_`{}~-@example.com",
		"joe+tag=x/y|z!#$%&'*?^_`{}~-@example.com"},
	{"j.o.e@e-x.example", "j.o.e@e-x.example", "j.o.e@e-x.example"},
	{"-n@example.com", "-n@example.com", "-n@example.com"},
	{"postmaster", "postmaster", "postmaster"},
	{"j\303\266@b\303\274cher.example", "j\303\266@b\303\274cher.example",
		"j\303\266@b\303\274cher.example"},
	{"joe@[192.0.2.1]", "joe@[192.0.2.1]", "joe@[192.0.2.1]"},
	{"joe@[IPv6:2001:db8::1]", "joe@[IPv6:2001:db8::1]",
		"joe@[IPv6:2001:db8::1]"},
	/* Dots that RFC 5321 wants quoted. */
	{"a..b@example.com", "\"a..b\"@example.com", "a..b@example.com"},
	{".a@example.com", "\".a\"@example.com", ".a@example.com"},
	{"a.@example.com", "\"a.\"@example.com", "a.@example.com"},
	/* What would be structure. */
	{"a b@example.com", "\"a b\"@example.com", NULL},
	{"a@b@example.com", "\"a@b\"@example.com", NULL},
	{"a(b)@example.com", "\"a(b)\"@example.com", NULL},
	{"a:b;@example.com", "\"a:b;\"@example.com", NULL},
	{"a\"b\\c@example.com", "\"a\\\"b\\\\c\"@example.com", NULL},
	{"a b", "\"a b\"", NULL},
	/* What some sendmail takes for structure inside quotes. */
	{"a,b@example.com", NULL, NULL},
	{"a<b@example.com", NULL, NULL},
	{"a>b@example.com", NULL, NULL},
	{"a\nb@example.com", NULL, NULL},
	{"a\tb@example.com", NULL, NULL},
	{"a\177b@example.com", NULL, NULL},
	/* Domains that are none. */
	{"", NULL, NULL},
	{"@example.com", NULL, NULL},
	{"joe@", NULL, NULL},
	{"joe@.", NULL, NULL},
	{"joe@example.com.", NULL, NULL},
	{"joe@.example.com", NULL, NULL},
	{"joe@a..b", NULL, NULL},
	{"joe@a,b", NULL, NULL},
	{"joe@a b", NULL, NULL},
	{"joe@a(b)", NULL, NULL},
	{"joe@\"a\"", NULL, NULL},
	{"joe@[]", NULL, NULL},
	{"joe@[", NULL, NULL},
	{"joe@[1,2]", NULL, NULL},
	{"joe@[a]b", NULL, NULL},
	/* No mailboxes. */
	{"|cat", NULL, NULL},
	{"/etc/passwd", NULL, NULL},
};

static bool
gives(const char *given, bool quotes, const char *wanted)
{
	char room[200];
	struct buffer out = BUFFER_OVER(room);
	int result = mailbox_write(&out, slice_of(given), quotes);

	if (result == -1 || wanted == NULL)
		return result == -1 && wanted == NULL;
	return slice_is(buffer_slice(&out), wanted) &&
	       out.len <= strlen(given) + MAILBOX_MAX(strlen(given));
}

static void
check(const char *given, bool quotes, const char *wanted)
{
	char room[400];
	struct buffer what = BUFFER_OVER(room);

	buffer_add_escaped(&what, slice_of(given), 200);
	buffer_add_text(&what, quotes ? ", quotes known" : ", quotes unknown");
	ok(gives(given, quotes, wanted), buffer_string(&what));
}

int
main(void)
{
	char room[8];
	struct buffer small = BUFFER_OVER(room);
	char nul[] = "a\0b@example.com";

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		check(cases[i].given, true, cases[i].quoted);
		check(cases[i].given, false, cases[i].bare);
	}
	ok(mailbox_write(&small, slice_of("joe@example.com"), true) == -1,
		"does not fit");
	small = (struct buffer)BUFFER_OVER(room);
	ok(mailbox_write(&small, (struct slice){nul, sizeof nul - 1}, true) ==
			-1,
		"a NUL inside");
	return tap_done();
}
