/* Unit test of control/policy: who may send, and to whom. */
#include "control/policy.h"

#include <cdb.h>

#include "tests/scratch.h"
#include "tests/tap.h"

#define LIST(s)                                                                \
	{                                                                      \
		true, (char *)(uintptr_t)(s), sizeof(s) - 1                    \
	}

static const struct policy_case {
	const char *address;
	enum policy_result without, with; /* relaying rights */
} recipients[] = {
	{"a@example.com", POLICY_OK, POLICY_OK},
	{"a@EXAMPLE.Com", POLICY_OK, POLICY_OK},
	{"a@mixed.example", POLICY_OK, POLICY_OK},
	{"a@sub.example.com", POLICY_RELAY, POLICY_OK},
	{"a@xexample.com", POLICY_RELAY, POLICY_OK},
	{"a@example.comx", POLICY_RELAY, POLICY_OK},
	{"a@example.com.", POLICY_RELAY, POLICY_OK},
	{"a@example.net", POLICY_RELAY, POLICY_OK},
	{"a@sub.example.net", POLICY_OK, POLICY_OK},
	{"a@deep.SUB.Example.NET", POLICY_OK, POLICY_OK},
	{"a@xexample.net", POLICY_RELAY, POLICY_OK},
	{"a@.example.net", POLICY_OK, POLICY_OK},
	{"a@net", POLICY_RELAY, POLICY_OK},
	{"a@", POLICY_RELAY, POLICY_OK},
	{"@example.com", POLICY_OK, POLICY_OK},
	{"a@example.org@example.com", POLICY_OK, POLICY_OK},
	{"a@example.com@example.org", POLICY_RELAY, POLICY_OK},
	{"\"a@example.com\"@example.org", POLICY_RELAY, POLICY_OK},
	{"a%example.org@example.com", POLICY_OK, POLICY_OK},
	{"a@[192.0.2.1]", POLICY_RELAY, POLICY_OK},
	{"a@[192.0.2.25]", POLICY_OK, POLICY_OK},
	{"postmaster", POLICY_OK, POLICY_OK},
	{"PostMaster", POLICY_OK, POLICY_OK},
	{"postmaster@example.org", POLICY_RELAY, POLICY_OK},
	{"postmaster2", POLICY_NO_DOMAIN, POLICY_NO_DOMAIN},
	{"a", POLICY_NO_DOMAIN, POLICY_NO_DOMAIN},
	{"", POLICY_NO_DOMAIN, POLICY_NO_DOMAIN},
	{"trap@example.com", POLICY_BAD, POLICY_BAD},
	{"TRAP@Example.com", POLICY_BAD, POLICY_BAD},
	{"xtrap@example.com", POLICY_OK, POLICY_OK},
	{"a@bad.example", POLICY_BAD, POLICY_BAD},
	{"a@BAD.Example", POLICY_BAD, POLICY_BAD},
	{"a@notbad.example", POLICY_RELAY, POLICY_OK},
	{"a@sub.bad.example", POLICY_RELAY, POLICY_OK},
	/* In morercpthosts.cdb. */
	{"a@more.example", POLICY_OK, POLICY_OK},
	{"a@MORE.Example", POLICY_OK, POLICY_OK},
	{"a@sub.more.example", POLICY_RELAY, POLICY_OK},
	{"a@sub.wild", POLICY_OK, POLICY_OK},
	{"a@deep.Sub.WILD", POLICY_OK, POLICY_OK},
	{"a@wild", POLICY_RELAY, POLICY_OK},
	{"a@subwild", POLICY_RELAY, POLICY_OK},
	{"a@more.exampl", POLICY_RELAY, POLICY_OK},
};

static const struct sender_case {
	const char *address;
	enum policy_result result;
} senders[] = {
	{"a@example.com", POLICY_OK},
	{"spam@example.net", POLICY_BAD},
	{"Spam@EXAMPLE.net", POLICY_BAD},
	{"xspam@example.net", POLICY_OK},
	{"spam@example.net.", POLICY_OK},
	{"x@evil.example", POLICY_BAD},
	{"x@EVIL.example", POLICY_BAD},
	{"x@notevil.example", POLICY_OK},
	{"x@sub.evil.example", POLICY_OK},
	{"\"x@evil.example\"@example.com", POLICY_OK},
	{"\"x@example.com\"@evil.example", POLICY_BAD},
	{"evil.example", POLICY_OK},
	{"nobody", POLICY_BAD},
	{"", POLICY_OK},
};

/* sendercheck: may login, with that list, send as address? */
static const struct login_case {
	const char *login, *senders, *address;
	enum policy_result result;
} logins[] = {
	{"joe@example.com", "", "joe@example.com", POLICY_OK},
	{"joe@example.com", "", "Joe@EXAMPLE.com", POLICY_OK},
	{"joe@example.com", "", "joe@example.org", POLICY_LOGIN},
	{"joe@example.com", "", "jo@example.com", POLICY_LOGIN},
	{"joe@example.com", "", "joe@sub.example.com", POLICY_LOGIN},
	{"joe@example.com", "", "joe@example.com.", POLICY_LOGIN},
	{"joe@example.com", "", "joe", POLICY_LOGIN},
	{"joe@example.com", "", "xjoe@example.com", POLICY_LOGIN},
	{"joe@example.com", "", "joe@example.com@evil.example", POLICY_LOGIN},
	{"joe@example.com", "", "evil@x@example.com", POLICY_LOGIN},
	{"joe@example.com", "", "", POLICY_OK},
	{"joe@example.com", NULL, "joe@example.com", POLICY_OK},
	{"joe@example.com", NULL, "", POLICY_OK},
	{"joe@example.com", NULL, "a@example.com", POLICY_LOGIN},
	/* Another host's user of the same name is another. */
	{"joe", "", "joe@mx.example.com", POLICY_OK},
	{"joe", "", "JOE@MX.example.COM", POLICY_OK},
	{"joe", "", "joe", POLICY_OK},
	{"joe", "", "joe@example.com", POLICY_LOGIN},
	{"joe", "", "joe@x@mx.example.com", POLICY_LOGIN},
	{"joe@mx.example.com", "", "joe", POLICY_LOGIN},
	{"joe", "sales@example.com", "sales@example.com", POLICY_OK},
	{"joe", "!<>", "", POLICY_LOGIN},
	/* The list. */
	{"j@x.example", "sales@example.com", "sales@example.com", POLICY_OK},
	{"j@x.example", "sales@example.com", "sales@EXAMPLE.com", POLICY_OK},
	{"j@x.example", "sales@Example.Com", "sales@example.com", POLICY_OK},
	{"j@x.example", "sales@example.com", "Sales@example.com", POLICY_LOGIN},
	{"j@x.example", "sales@example.com", "j@x.example", POLICY_OK},
	{"j@x.example", "sales@example.com", "sale@example.com", POLICY_LOGIN},
	{"j@x.example", "a@b.example,c@d.example", "c@d.example", POLICY_OK},
	{"j@x.example", "a@b.example,c@d.example", "a@d.example", POLICY_LOGIN},
	{"j@x.example", "a@b.example,c@d.example", "a@b.example,c@d.example",
		POLICY_LOGIN},
	{"j@x.example", ",,a@b.example,", "a@b.example", POLICY_OK},
	{"j@x.example", ",,a@b.example,", "", POLICY_OK},
	{"j@x.example", "@", "a@", POLICY_OK},
	{"j@x.example", "@", "a@b.example", POLICY_LOGIN},
	{"j@x.example", "example.com", "example.com", POLICY_LOGIN},
	{"j@x.example", "example.com", "a@example.com", POLICY_LOGIN},
	{"j@x.example", "@example.com", "any@example.com", POLICY_OK},
	{"j@x.example", "@EXAMPLE.com", "Any@Example.COM", POLICY_OK},
	{"j@x.example", "@example.com", "a@sub.example.com", POLICY_LOGIN},
	{"j@x.example", "@example.com", "a@xexample.com", POLICY_LOGIN},
	{"j@x.example", "@example.com", "a@example.com@evil.example",
		POLICY_LOGIN},
	{"j@x.example", "@example.com", "evil@x@example.com", POLICY_OK},
	{"j@x.example", "@example.com", "postmaster", POLICY_LOGIN},
	{"j@x.example", "!<>", "", POLICY_LOGIN},
	{"j@x.example", "a@b.example,!<>", "", POLICY_LOGIN},
	{"j@x.example", "!<>,<>", "", POLICY_LOGIN},
	{"j@x.example", "!<>,a@b.example", "a@b.example", POLICY_OK},
	{"j@x.example", "!<>", "j@x.example", POLICY_OK},
	{"j@x.example", "<>", "", POLICY_OK},
	/* Sub-addresses, by + and -. */
	{"joe@example.com", "", "joe+x@example.com", POLICY_OK},
	{"joe@example.com", "", "JOE+X@Example.COM", POLICY_OK},
	{"joe@example.com", "", "joe+@example.com", POLICY_OK},
	{"joe@example.com", "", "joe-x@example.com", POLICY_OK},
	{"joe@example.com", "", "joe+x+y@example.com", POLICY_OK},
	{"joe@example.com", "", "joe-x+y@example.com", POLICY_OK},
	{"joe@example.com", "", "joe=x@example.com", POLICY_LOGIN},
	{"joe@example.com", "", "joe+x@example.org", POLICY_LOGIN},
	{"joe@example.com", "", "jo+e@example.com", POLICY_LOGIN},
	{"joe@example.com", "", "joe+x", POLICY_LOGIN},
	{"joe@example.com", "", "joe+x@y@example.com", POLICY_OK},
	{"joe@example.com", "", "joe@x+y@example.com", POLICY_LOGIN},
	{"joe@example.com", "", "joe@example.com+x", POLICY_LOGIN},
	{"joe@example.com", "", "+joe@example.com", POLICY_LOGIN},
	{"joe@example.com", "", "+@example.com", POLICY_LOGIN},
	{"joe", "", "joe+x@mx.example.com", POLICY_OK},
	{"joe", "", "joe+x", POLICY_OK},
	/* A login that is one has what is its own, not what it is below. */
	{"joe+x@example.com", "", "joe+x@example.com", POLICY_OK},
	{"joe+x@example.com", "", "joe@example.com", POLICY_LOGIN},
	{"joe+x@example.com", "", "joe+y@example.com", POLICY_LOGIN},
	{"joe+x@example.com", "", "joe+x+y@example.com", POLICY_LOGIN},
	{"+joe@example.com", "", "+joe@example.com", POLICY_OK},
	{"+joe@example.com", "", "+joe+x@example.com", POLICY_OK},
	{"j@x.example", "sales@a.example", "sales+x@A.example", POLICY_OK},
	{"j@x.example", "sales@a.example", "Sales+x@a.example", POLICY_LOGIN},
	{"j@x.example", "sales@a.example", "sales+x@b.example", POLICY_LOGIN},
	{"j@x.example", "sales+x@a.example", "sales+x@a.example", POLICY_OK},
	{"j@x.example", "sales+x@a.example", "sales@a.example", POLICY_LOGIN},
	{"j@x.example", "@a.example", "any+x@a.example", POLICY_OK},
	{"j@x.example", "!<>", "j+x@x.example", POLICY_OK},
};

/* The same where there is an authdomain, and no delimiter. */
static const struct login_case authdomain_logins[] = {
	{"joe", "", "joe@example.org", POLICY_OK},
	{"joe", "", "JOE@Example.ORG", POLICY_OK},
	{"joe", "", "joe", POLICY_OK},
	{"joe", "", "joe@mx.example.com", POLICY_LOGIN},
	{"joe", "", "joe@example.com", POLICY_LOGIN},
	{"joe", "", "joe+x@example.org", POLICY_LOGIN},
	{"joe@example.org", "", "joe@example.org", POLICY_OK},
	{"joe@example.org", "", "joe", POLICY_LOGIN},
	{"joe@example.com", "", "joe@example.org", POLICY_LOGIN},
	{"joe+x@example.org", "", "joe+x@example.org", POLICY_OK},
	{"joe", "sales@a.example", "sales+x@a.example", POLICY_LOGIN},
};

/* As qmail-newmrh makes it. */
static int
make_cdb(const struct scratch *s)
{
	static const char *const keys[] = {"more.example", ".wild"};
	struct cdb_make cdb;
	int fd = openat(s->fd, "cdb", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	scratch_must(fd != -1 && cdb_make_start(&cdb, fd) == 0, "cdb");
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		scratch_must(cdb_make_add(&cdb, keys[i],
				     (unsigned)strlen(keys[i]), "", 0) == 0,
			"cdb");
	scratch_must(cdb_make_finish(&cdb) == 0, "cdb");
	return fd;
}

static void
check_recipients(const struct config *config)
{
	for (size_t i = 0; i < sizeof recipients / sizeof *recipients; i++) {
		const struct policy_case *c = &recipients[i];
		struct slice address = slice_of(c->address);
		char what[100];

		snprintf(what, sizeof what, "to <%s>", c->address);
		ok(policy_recipient(config, address, false) == c->without,
			what);
		snprintf(what, sizeof what, "to <%s>, relay", c->address);
		ok(policy_recipient(config, address, true) == c->with, what);
	}
}

static void
check_senders(const struct config *config)
{
	for (size_t i = 0; i < sizeof senders / sizeof *senders; i++) {
		char what[100];

		snprintf(what, sizeof what, "from <%s>", senders[i].address);
		ok(policy_sender(config, slice_of(senders[i].address)) ==
				senders[i].result,
			what);
	}
}

static void
check_logins(const struct config *config, const struct login_case *cases,
	size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct login_case *c = &cases[i];
		char what[200];

		snprintf(what, sizeof what, "%s (%s) as <%s>", c->login,
			c->senders == NULL ? "no list" : c->senders,
			c->address);
		ok(policy_login_sender(config, slice_of(c->login),
			   slice_of(c->senders),
			   slice_of(c->address)) == c->result,
			what);
	}
}

static void
check_missing(void)
{
	struct config none = {.morercpthosts_fd = -1};
	struct config empty = {.morercpthosts_fd = -1, .rcpthosts = LIST("")};
	struct slice address = slice_of("a@mx.example.com");

	none.me = empty.me = slice_of("mx.example.com");
	ok(policy_recipient(&none, address, false) == POLICY_RELAY,
		"no rcpthosts: nobody is ours");
	ok(policy_recipient(&empty, address, false) == POLICY_RELAY,
		"empty rcpthosts: nobody is ours");
	ok(policy_recipient(&none, slice_of("a@"), false) == POLICY_RELAY,
		"no rcpthosts: not even the empty domain");
	ok(policy_recipient(&none, address, true) == POLICY_OK,
		"no rcpthosts: relaying goes on");
	ok(policy_sender(&none, address) == POLICY_OK, "no badmailfrom");
	ok(policy_sender(&none, SLICE_NONE) == POLICY_OK, "absent sender");
	ok(policy_recipient(&none, SLICE_NONE, true) == POLICY_NO_DOMAIN,
		"absent recipient");
}

/* A file that is no database, and one whose second half is lost. */
static void
check_broken(const struct scratch *s, struct config *config)
{
	int good = config->morercpthosts_fd;
	struct slice more = slice_of("a@more.example");
	char text[3000];

	scratch_text(s, "broken", "not a database");
	config->morercpthosts_fd = openat(s->fd, "broken", O_RDONLY);
	ok(policy_recipient(config, more, false) == POLICY_BROKEN,
		"no database: temporary");
	ok(policy_recipient(config, more, true) == POLICY_OK,
		"no database: who may relay does not need it");
	ok(policy_recipient(config, slice_of("a@example.com"), false) ==
			POLICY_OK,
		"no database: nor do rcpthosts");
	close(config->morercpthosts_fd);
	config->morercpthosts_fd = good;
	memset(text, 'x', sizeof text);
	text[1] = '@';
	ok(policy_recipient(config, (struct slice){text, sizeof text}, false) ==
			POLICY_RELAY,
		"a domain longer than any key");
	scratch_must(ftruncate(good, 2048) == 0, "ftruncate");
	ok(policy_recipient(config, more, false) == POLICY_BROKEN,
		"a database cut short: temporary");
}

int
main(void)
{
	struct config config = {
		.rcpthosts = LIST("example.com\n.example.net\nMixed.Example\n"
				  "[192.0.2.25]\n"),
		.badrcptto = LIST("trap@example.com\n@bad.example\n"),
		.badmailfrom =
			LIST("spam@example.net\n@evil.example\nnobody\n"),
	};
	struct config delimited = {.me = slice_of("mx.example.com"),
		.recipientdelimiter = slice_of("+-")};
	struct config domain = {.me = slice_of("mx.example.com"),
		.authdomain = slice_of("example.org")};
	struct scratch s;

	scratch_make(&s);
	config.morercpthosts_fd = make_cdb(&s);
	check_recipients(&config);
	check_senders(&config);
	check_logins(&delimited, logins, sizeof logins / sizeof *logins);
	check_logins(&domain, authdomain_logins,
		sizeof authdomain_logins / sizeof *authdomain_logins);
	check_missing();
	check_broken(&s, &config);
	close(config.morercpthosts_fd);
	scratch_end(&s);
	return tap_done();
}
