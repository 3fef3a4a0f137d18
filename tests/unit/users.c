/* Unit test of users/users.c and of the table of sasl/mechanism.c. */
#include "users/users.h"

#include "tests/exchange.h"
#include "tests/tap.h"

static struct user user;

static void
test_records(void)
{
	static const struct {
		const char *record;
		bool disabled;
		size_t secrets;
		const char *labels; /* joined by commas */
		const char *what;
	} rows[] = {
		{"{PLAIN}x", false, 1, "", "one field"},
		{"{PLAIN}x:1:2:gecos:/home:/bin/sh:a=b", false, 1, "",
			"all fields"},
		{"{PLAIN}x::::::", false, 1, "", "empty fields"},
		{"", false, 0, "", "nothing at all"},
		{":::smtp_secret_phone={PLAIN}y:::", false, 1, "phone",
			"no password of its own"},
		{"{PLAIN}x:::smtp_secret_phone={PLAIN}y", false, 2, ",phone",
			"the line ends after field 5"},
		{"{PLAIN}x:::Joe smtp_secret_a={PLAIN}y  z "
		 "smtp_secret_b-2={PLAIN}w end:::",
			false, 3, ",a,b-2", "words of others, two blanks"},
		{"{PLAIN}x:smtp_secret_a={PLAIN}y:smtp_secret_a={PLAIN}y::"
		 "smtp_secret_a={PLAIN}y:smtp_secret_a={PLAIN}y:"
		 "smtp_secret_a={PLAIN}y",
			false, 1, "", "a secret in any field but 5"},
		{"!{PLAIN}x:::smtp_secret_a={PLAIN}y", true, 2, ",a",
			"disabled"},
		{"!", true, 0, "", "disabled, no password"},
		{"!!", true, 0, "", "disabled, and locked"},
		{"*:::", false, 0, "", "locked"},
		{"{ARGON2ID}abc:::", false, 0, "", "an unknown scheme"},
		{"{ARGON2ID}abc:::smtp_secret_a={PLAIN}y", false, 1, "a",
			"and another secret beside it"},
		{"{SCRAM-SHA-256}rubbish:::smtp_secret_a={PLAIN}y", false, 1,
			"a", "a secret that cannot be read"},
		{"$2b$31$abcdefghijklmnopqrstuu:::", false, 0, "",
			"a secret that costs too much"},
		{":::smtp_secret_={PLAIN}y", false, 0, "", "an empty label"},
		{":::smtp_secret_A={PLAIN}y", false, 0, "",
			"a label in upper case"},
		{":::smtp_secret_a.b={PLAIN}y", false, 0, "",
			"a label with a dot"},
		{":::smtp_secret_a", false, 0, "", "no value"},
		{":::smtp_secret_a=", false, 0, "", "an empty value"},
		{":::xsmtp_secret_a={PLAIN}y", false, 0, "",
			"a word that ends alike"},
		{":::smtp_secret_12345678901234567890123456789012={PLAIN}y",
			false, 1, "12345678901234567890123456789012",
			"the longest label"},
		{":::smtp_secret_123456789012345678901234567890123={PLAIN}y",
			false, 0, "", "a longer one"},
		{":::smtp_secret_a={PLAIN}x=y", false, 1, "a",
			"an equals sign in the password"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char labels[512];
		struct buffer b = BUFFER_OVER(labels);

		ok(exchange_parse(&user, rows[i].record) == 0 &&
				user.disabled == rows[i].disabled &&
				user.secrets_count == rows[i].secrets,
			rows[i].what);
		for (size_t k = 0; k < user.secrets_count; k++) {
			if (k > 0)
				buffer_add_char(&b, ',');
			buffer_add_slice(&b, user.secrets[k].label);
		}
		ok(slice_is(buffer_slice(&b), rows[i].labels), "its labels");
	}
}

static void
test_bounds(void)
{
	static char text[USERS_RECORD_MAX + 1];
	struct slice record = {text, USERS_RECORD_MAX};

	memset(text, 'x', sizeof text);
	memcpy(text, "{PLAIN}x:::", 11);
	ok(users_parse(&user, record) == 0 && user.secrets_count == 1,
		"the longest record");
	record.len++;
	ok(users_parse(&user, record) == -1, "a longer one");
	ok(users_parse(&user, (struct slice){"{PLAIN}x\0y", 10}) == -1,
		"a NUL");
	ok(users_parse(&user, slice_of("{PLAIN}x:::\n")) == -1, "a line end");

	struct buffer b = {text, 0, sizeof text, false};

	buffer_add_text(&b, "{PLAIN}own:::");
	for (unsigned i = 0; i < 40; i++) {
		buffer_add_text(&b, "smtp_secret_n");
		buffer_add_number(&b, i);
		buffer_add_text(&b, "={PLAIN}x ");
	}
	ok(users_parse(&user, buffer_slice(&b)) == 0 &&
			user.secrets_count == USERS_SECRETS_MAX,
		"more secrets than there is room for");
}

static void
test_find(void)
{
	static const struct cdbfile_record records[] = {
		{"joe@example.com", "{PLAIN}pencil:::"},
		{"bad@example.com", "{PLAIN}pencil\n:::"},
		{"#site", SITE},
		{"#mechs", "PLAIN LOGIN"},
		{NULL, NULL},
	};
	int fd = cdbfile_make(records);
	char text[USERS_MECHS_MAX];
	struct buffer b = BUFFER_OVER(text);
	struct site site;

	ok(users_find(fd, slice_of("joe@example.com"), &user) == USERS_FOUND &&
			user.secrets_count == 1 && !user.disabled,
		"a user");
	ok(users_find(fd, slice_of("Joe@example.com"), &user) == USERS_MISSING,
		"the caller folds case");
	ok(users_find(fd, slice_of("ann@example.com"), &user) == USERS_MISSING,
		"no such user");
	ok(users_find(fd, slice_of("#site"), &user) == USERS_MISSING &&
			users_find(fd, slice_of("#mechs"), &user) ==
				USERS_MISSING,
		"a reserved record is no user");
	ok(users_find(fd, slice_of(""), &user) == USERS_MISSING, "no login");
	ok(users_find(fd, slice_of("bad@example.com"), &user) == USERS_BROKEN,
		"a record that is no line");
	ok(users_find(-1, slice_of("joe@example.com"), &user) == USERS_BROKEN,
		"no file");
	ok(users_site(fd, &site) == USERS_FOUND, "the site's record");
	ok(users_mechanisms(fd, &b) == USERS_FOUND &&
			slice_is(buffer_slice(&b), "PLAIN LOGIN"),
		"the mechanisms");
	b = (struct buffer){text, 0, 10, false};
	ok(users_mechanisms(fd, &b) == USERS_BROKEN, "which need their room");
	close(fd);
}

static void
test_either(void)
{
	static const struct cdbfile_record records[] = {
		{"joe", "{PLAIN}bare:::"},
		{"ann@d", "{PLAIN}whole:::"},
		{"two", "{PLAIN}bare:::"},
		{"two@d", "{PLAIN}whole:::"},
		{"off", "{PLAIN}bare:::"},
		{"off@d", "!{PLAIN}whole:::"},
		{"bad", "{PLAIN}bare\n"},
		{"bad@d", "{PLAIN}whole"},
		{"worse", "{PLAIN}bare\n"},
		{NULL, NULL},
	};
	static const struct {
		const char *login;
		enum users_result result;
		const char *secret, *found, *what;
	} rows[] = {
		{"joe@d", USERS_FOUND, "bare", "joe", "the bare one alone"},
		{"ann@d", USERS_FOUND, "whole", "ann@d", "the whole one alone"},
		{"two@d", USERS_FOUND, "whole", "two@d", "both"},
		{"off@d", USERS_FOUND, "whole", "off@d",
			"one that is disabled"},
		{"eve@d", USERS_MISSING, NULL, "eve@d", "none"},
		{"@d", USERS_MISSING, NULL, "@d", "nothing before the domain"},
		{"#site@d", USERS_MISSING, NULL, "#site@d", "no reserved one"},
		{"bad@d", USERS_FOUND, "whole", "bad@d",
			"a bare one that is not looked into"},
		{"worse@d", USERS_BROKEN, NULL, NULL,
			"a record that is no line"},
	};
	int fd = cdbfile_make(records);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct slice login = slice_of(rows[i].login);
		size_t len = slice_find(login, '@');
		enum users_result result =
			users_find_either(fd, login, &user, &len);

		ok(result == rows[i].result &&
				(rows[i].found == NULL ||
					slice_is(
						(struct slice){login.data, len},
						rows[i].found)) &&
				(rows[i].secret == NULL ||
					slice_is(user.secrets[0].secret.text,
						rows[i].secret)),
			rows[i].what);
	}
	close(fd);
	size_t len = 3;

	ok(users_find_either(-1, slice_of("joe@d"), &user, &len) ==
			USERS_BROKEN,
		"either: no file");
}

static void
test_senders(void)
{
	static char longest[USERS_RECORD_MAX + 1], out[USERS_RECORD_MAX];
	static const struct {
		const char *login, *senders;
	} rows[] = {
		{"none", ""},
		{"two", "a@b.example,@c.example"},
		{"words", "a@b.example,@c.example,!<>"},
		{"field", ""},
		{"empty", ""},
		{"case", "a@b.example"},
	};
	const struct cdbfile_record records[] = {
		{"none", "{PLAIN}x:::Joe sender=x:::"},
		{"two", "{PLAIN}x:::smtp_sender=a@b.example,@c.example"},
		{"words", "{PLAIN}x:::smtp_sender=a@b.example  Joe "
			  "smtp_sender=@c.example,!<> xsmtp_sender=z:::"},
		{"field", "{PLAIN}x:smtp_sender=a:smtp_sender=b::"
			  "smtp_sender=c:smtp_sender=d:smtp_sender=e"},
		{"empty", "{PLAIN}x:::smtp_sender=:::"},
		{"case", "{PLAIN}x:::SMTP_Sender=a@b.example"},
		{"bad", "{PLAIN}x\n:::smtp_sender=a"},
		{"long", longest},
		{NULL, NULL},
	};

	memset(longest, 'x', USERS_RECORD_MAX);
	memcpy(longest, ":::smtp_sender=", 15);
	int fd = cdbfile_make(records);
	struct buffer b;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		b = BUFFER_OVER(out);
		ok(users_senders(fd, slice_of(rows[i].login), &user, &b) ==
					USERS_FOUND &&
				slice_is(buffer_slice(&b), rows[i].senders),
			rows[i].login);
	}
	b = BUFFER_OVER(out);
	ok(users_senders(fd, slice_of("long"), &user, &b) == USERS_FOUND &&
			b.len == USERS_RECORD_MAX - 15,
		"the longest list");
	b = BUFFER_OVER(out);
	ok(users_senders(fd, slice_of("bad"), &user, &b) == USERS_BROKEN,
		"a record that is no line");
	ok(users_senders(fd, slice_of("nobody"), &user, &b) == USERS_MISSING,
		"senders of nobody");
	b = (struct buffer){out, 0, 10, false};
	ok(users_senders(fd, slice_of("two"), &user, &b) == USERS_BROKEN,
		"a list without room");
	close(fd);
}

static void
test_site(void)
{
	static const struct {
		const char *text;
		enum users_result result;
		const char *what;
	} rows[] = {
		{SITE, USERS_FOUND, "the usual"},
		{"1 " SITE_KEY " 1 1 250 {PLAIN}a b", USERS_FOUND,
			"a made-up password with a blank"},
		{"1 " SITE_KEY " 1000000 32 0 $1$saltsalt$x", USERS_FOUND,
			"the largest numbers"},
		{"", USERS_BROKEN, "nothing"},
		{"2 " SITE_KEY " 4096 16 0 {PLAIN}x", USERS_BROKEN,
			"another version"},
		{"1 " SITE_KEY " 4096 16 0", USERS_BROKEN, "no secret"},
		{"1 " SITE_KEY " 4096 16 0 ", USERS_BROKEN, "an empty secret"},
		{"1 " SITE_KEY " 0 16 0 {PLAIN}x", USERS_BROKEN,
			"0 iterations"},
		{"1 " SITE_KEY " 1000001 16 0 {PLAIN}x", USERS_BROKEN,
			"a million and one"},
		{"1 " SITE_KEY " 4096 0 0 {PLAIN}x", USERS_BROKEN,
			"an empty salt"},
		{"1 " SITE_KEY " 4096 33 0 {PLAIN}x", USERS_BROKEN,
			"a salt longer than what makes it"},
		{"1 " SITE_KEY " 4096 16 x {PLAIN}x", USERS_BROKEN,
			"no number"},
		{"1 " SITE_KEY " 4096 16 4294967296 {PLAIN}x", USERS_BROKEN,
			"a floor of 2^32"},
		{"1  " SITE_KEY " 4096 16 0 {PLAIN}x", USERS_BROKEN,
			"two blanks"},
		{"1 MDEyMzQ= 4096 16 0 {PLAIN}x", USERS_BROKEN, "a short key"},
		{"1 " SITE_KEY "AAAA 4096 16 0 {PLAIN}x", USERS_BROKEN,
			"a long key"},
		{"1 *" SITE_KEY " 4096 16 0 {PLAIN}x", USERS_BROKEN,
			"a key that is not base64"},
		{"1 " SITE_KEY " 4096 16 0 {SCRAM-SHA-256}rubbish",
			USERS_BROKEN, "a secret that cannot be read"},
	};
	struct site site;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct cdbfile_record records[] = {
			{"#site", rows[i].text}, {NULL, NULL}};
		int fd = cdbfile_make(records);

		ok(users_site(fd, &site) == rows[i].result, rows[i].what);
		close(fd);
	}
	static const struct cdbfile_record none[] = {{NULL, NULL}};
	struct cdbfile_record one[] = {
		{"#site", "1 " SITE_KEY " 5000 12 250 {PLAIN}made up"},
		{NULL, NULL}};
	int fd = cdbfile_make(one);

	ok(users_site(fd, &site) == USERS_FOUND &&
			memcmp(site.key, "0123456789abcdef0123456789abcdef",
				32) == 0 &&
			site.scram_iterations == 5000 &&
			site.scram_salt_len == 12 && site.floor_ms == 250 &&
			site.usual.kind == SECRET_PLAIN &&
			slice_is(site.usual.text, "made up"),
		"every field");
	close(fd);
	char text[16];
	struct buffer b = BUFFER_OVER(text);

	fd = cdbfile_make(none);
	ok(users_site(fd, &site) == USERS_BROKEN, "no site record");
	ok(users_mechanisms(fd, &b) == USERS_BROKEN, "no mechanisms");
	close(fd);
}

static bool
usable(const char *mechanism)
{
	return mechanism_holds(
		&user, mechanism_find(slice_of(mechanism))->kinds);
}

static bool
told(const char *mechanism)
{
	return mechanism_is_told(mechanism_find(slice_of(mechanism)), &user);
}

static void
test_usable(void)
{
	static const struct {
		const char *record;
		bool sha_256, sha_1, password;
		const char *what;
	} rows[] = {
		{SCRAM_256, true, false, true, "SCRAM-SHA-256"},
		{SCRAM_1, false, true, true, "SCRAM-SHA-1"},
		{SCRAM_256 ":::smtp_secret_scram-sha-1=" SCRAM_1, true, true,
			true, "both"},
		{"{PLAIN}x", false, false, true, "PLAIN"},
		{"$1$saltsalt$x", false, false, true, "a crypt string"},
		{"{ARGON2ID}x", false, false, false, "an unknown scheme"},
		{"*", false, false, false, "a locked one"},
		{"", false, false, false, "none"},
		{":::smtp_secret_scram-sha-256=" SCRAM_256, true, false, true,
			"only another form"},
		{":::smtp_secret_phone=" SCRAM_1, false, true, true,
			"only an app password"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ok(exchange_parse(&user, rows[i].record) == 0 &&
				usable("SCRAM-SHA-256") == rows[i].sha_256 &&
				usable("SCRAM-SHA-1") == rows[i].sha_1 &&
				usable("PLAIN") == rows[i].password &&
				usable("LOGIN") == rows[i].password,
			rows[i].what);
	}
}

/* What smtpd-passwd says a user can use. */
static void
test_told(void)
{
	static const char cram[] = "{CRAM-MD5}7f47ace0e2af8f6cdeb72c03243a8c87"
				   "834e19104164d6a42de72d243adb4080";
	static const struct {
		const char *record;
		bool scram, plus, plain, cram, external;
		const char *what;
	} rows[] = {
		{SCRAM_256, true, false, true, false, false, "SCRAM"},
		{"{PLAIN}x", false, false, true, false, false,
			"a clear password"},
		{cram, false, false, true, true, false, "CRAM-MD5"},
		{"{PLAIN}x:::smtp_secret_l={CERT-SHA256}"
		 "00112233445566778899aabbccddeeff"
		 "00112233445566778899aabbccddeeff",
			false, false, true, false, true, "a certificate"},
		{"", false, false, false, false, false, "nothing"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(exchange_parse(&user, rows[i].record) == 0 &&
				told("SCRAM-SHA-256") == rows[i].scram &&
				told("SCRAM-SHA-256-PLUS") == rows[i].plus &&
				told("PLAIN") == rows[i].plain &&
				told("CRAM-MD5") == rows[i].cram &&
				told("EXTERNAL") == rows[i].external,
			rows[i].what);
}

static void
test_table(void)
{
	static const char *const names[] = {
		"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"};
	bool order = true;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		order = order && mechanisms[i] != NULL &&
			strcmp(mechanisms[i]->row->name, names[i]) == 0;
	for (size_t i = 0; mechanisms[i] != NULL; i++)
		order = order && (i >= 4) == mechanisms[i]->row->opt_in;
	ok(order, "the order of the default offer, and no other in it");
	bool whole = true;
	size_t count = 0;

	for (; mechanisms[count] != NULL; count++)
		whole = whole && mechanisms[count]->row == &authmechs[count] &&
			mechanisms[count]->step != NULL &&
			mechanisms[count]->kinds != 0;
	ok(whole && count == AUTHMECHS_COUNT, "each row has a step");
	ok(mechanism_find(slice_of("plain")) == mechanisms[2] &&
			mechanism_find(slice_of("Scram-Sha-1")) ==
				mechanisms[1],
		"names without case");
	ok(mechanism_find(slice_of("PLAI")) == NULL &&
			mechanism_find(slice_of("PLAIN ")) == NULL &&
			mechanism_find(slice_of("")) == NULL &&
			mechanism_find(slice_of("NTLM")) == NULL,
		"other names");
}

static void
test_login(void)
{
	static const struct {
		const char *login, *domain, *expected, *what;
	} rows[] = {
		{"joe@example.com", NULL, "joe@example.com", "as it is"},
		{"Joe@EXAMPLE.com", NULL, "joe@example.com", "lower case"},
		{"JOE", NULL, "joe", "no domain is set"},
		{"Joe", "Example.COM", "joe@example.com", "a domain is added"},
		{"joe@", "example.com", "joe@", "not behind an @"},
		{"joe@example.org", "example.com", "joe@example.org",
			"nor to another"},
		{"J\xc3\x96", NULL, "j\xc3\x96", "ASCII letters only"},
		{"", "example.com", NULL, "empty"},
		{"joe\t", NULL, NULL, "a tab"},
		{"joe\n", NULL, NULL, "a line end"},
		{"joe\x7f", NULL, NULL, "DEL"},
	};
	static struct exchange x;
	char longest[USERS_LOGIN_MAX + 2];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		exchange_start(&x, "PLAIN", -1);
		x.authdomain = slice_of(rows[i].domain);
		int result = mechanism_login(&x, slice_of(rows[i].login));

		ok(rows[i].expected == NULL
				? result == -1 && x.login_len == 0
				: result == 0 && exchange_login_is(
							 &x, rows[i].expected),
			rows[i].what);
	}
	memset(longest, 'a', sizeof longest);
	x.authdomain = slice_of(NULL);
	ok(mechanism_login(&x, (struct slice){longest, USERS_LOGIN_MAX}) == 0 &&
			x.login_len == USERS_LOGIN_MAX,
		"the longest");
	ok(mechanism_login(&x, (struct slice){longest, USERS_LOGIN_MAX + 1}) ==
			-1,
		"a longer one");
	x.authdomain = slice_of("example.com");
	ok(mechanism_login(&x, (struct slice){longest, USERS_LOGIN_MAX - 12}) ==
			0,
		"the longest with a domain");
	ok(mechanism_login(&x, (struct slice){longest, USERS_LOGIN_MAX - 11}) ==
			-1,
		"a longer one with a domain");
	ok(mechanism_login(&x, (struct slice){"jo\0e", 4}) == -1, "a NUL");
}

int
main(void)
{
	test_records();
	test_bounds();
	test_find();
	test_either();
	test_senders();
	test_site();
	test_usable();
	test_told();
	test_table();
	test_login();
	return tap_done();
}
