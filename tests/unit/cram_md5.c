/* Unit test of sasl/cram_md5.c. The sums are tested in md5.c. */
#include "users/md5.h"
#include "lib/clock.h"
#include "lib/hex.h"
#include "tests/exchange.h"
#include "tests/tap.h"

/* What doveadm pw -s CRAM-MD5 makes of "pencil". */
#define CRAM                                                                   \
	"{CRAM-MD5}7f47ace0e2af8f6cdeb72c03243a8c87"                           \
	"834e19104164d6a42de72d243adb4080"

static const struct cdbfile_record records[] = {
	{"joe@example.com", CRAM ":::"},
	{"form@example.com", SCRAM_256 ":::smtp_secret_cram-md5=" CRAM},
	{"plain@example.com", "{PLAIN}pencil:::"},
	{"apps@example.com", "{PLAIN}own:::smtp_secret_phone={PLAIN}pencil"},
	{"appcram@example.com", "{PLAIN}own:::smtp_secret_mail=" CRAM},
	{"scram@example.com", SCRAM_256 ":::"},
	{"off@example.com", "!" CRAM},
	{"empty@example.com", ":::"},
	{"blank joe", CRAM ":::"},
	{"bad@example.com", "{PLAIN}pencil\n"},
	{"#site", SITE},
	{NULL, NULL},
};

static struct exchange x;

/* The response of one who knows the password. */
static const char *
respond(const char *login, const char *password)
{
	static char text[512];
	unsigned char contexts[MD5_CONTEXTS_LEN], sum[MD5_LEN];
	struct buffer b = BUFFER_OVER(text);

	md5_contexts(slice_of(password), contexts);
	md5_hmac(contexts, buffer_slice(&x.challenge), sum);
	buffer_add_text(&b, login);
	buffer_add_char(&b, ' ');
	hex_encode(&b, (struct slice){(const char *)sum, sizeof sum});
	return buffer_string(&b);
}

static enum exchange_result
try(int fd, const char *login, const char *password)
{
	exchange_start(&x, "CRAM-MD5", fd);
	cdbfile_must(exchange_step(&x, NULL) == EXCHANGE_CHALLENGE);
	return exchange_step(&x, respond(login, password));
}

static void
test_challenge(int fd)
{
	struct slice rest;
	uint64_t seconds;
	uint64_t now = (uint64_t)clock_seconds();

	exchange_start(&x, "CRAM-MD5", fd);
	ok(!x.mechanism->row->client_first &&
			exchange_step(&x, NULL) == EXCHANGE_CHALLENGE,
		"the server speaks first");
	rest = buffer_slice(&x.challenge);
	ok(slice_is(slice_split(&rest, '.'),
		   "<000102030405060708090a0b0c0d0e0f"),
		"all of 128 random bits");
	ok(slice_number(slice_split(&rest, '@'), &seconds) == 0 &&
			seconds >= now && seconds <= now + 5,
		"the time");
	ok(slice_is(rest, "mx.example.org>"), "this host");
	exchange_start(&x, "CRAM-MD5", fd);
	ok(exchange_step(&x, "joe@example.com x") == EXCHANGE_MALFORMED,
		"no initial response");
}

static void
test_results(int fd)
{
	static const struct {
		const char *login, *password;
		enum exchange_result result;
		const char *found, *label, *reason, *what;
	} rows[] = {
		{"joe@example.com", "pencil", EXCHANGE_OK, "joe@example.com",
			"", NULL, "contexts"},
		{"JOE@Example.com", "pencil", EXCHANGE_OK, "joe@example.com",
			"", NULL, "in upper case"},
		{"form@example.com", "pencil", EXCHANGE_OK, "form@example.com",
			"", NULL, "another form of field 2: no label"},
		{"plain@example.com", "pencil", EXCHANGE_OK,
			"plain@example.com", "", NULL, "a clear password"},
		{"apps@example.com", "pencil", EXCHANGE_OK, "apps@example.com",
			"phone", NULL, "an app password"},
		{"apps@example.com", "own", EXCHANGE_OK, "apps@example.com", "",
			NULL, "the own one"},
		{"appcram@example.com", "pencil", EXCHANGE_OK,
			"appcram@example.com", "mail", NULL,
			"an app password's contexts"},
		{"blank joe", "pencil", EXCHANGE_OK, "blank joe", "", NULL,
			"a blank in the login"},
		{"joe@example.com", "pencik", EXCHANGE_FAIL, "joe@example.com",
			"", "password", "a wrong password"},
		{"joe@example.com", "", EXCHANGE_FAIL, "joe@example.com", "",
			"password", "an empty password"},
		{"off@example.com", "pencil", EXCHANGE_FAIL, "off@example.com",
			"", "disabled", "a disabled user"},
		{"none@example.com", "pencil", EXCHANGE_FAIL,
			"none@example.com", "", "unknown", "an unknown user"},
		{"scram@example.com", "pencil", EXCHANGE_FAIL,
			"scram@example.com", "", "no-secret",
			"a secret that cannot tell"},
		{"empty@example.com", "pencil", EXCHANGE_FAIL,
			"empty@example.com", "", "no-secret", "no secret"},
		{"#site", "pencil", EXCHANGE_FAIL, "#site", "", "unknown",
			"a reserved record"},
		{"bad@example.com", "pencil", EXCHANGE_TEMPORARY,
			"bad@example.com", "", "backend", "a broken record"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		ok(try(fd, rows[i].login, rows[i].password) == rows[i].result,
			rows[i].what);
		ok(exchange_login_is(&x, rows[i].found) &&
				strcmp(x.label, rows[i].label) == 0 &&
				(rows[i].reason == NULL ||
					strcmp(x.reason, rows[i].reason) == 0),
			"login, label and reason");
	}
	/* An all-zero secret is what an unknown user's work is done with. */
	unsigned char contexts[MD5_CONTEXTS_LEN] = {0}, sum[MD5_LEN];
	char text[128];
	struct buffer b = BUFFER_OVER(text);

	exchange_start(&x, "CRAM-MD5", fd);
	(void)exchange_step(&x, NULL);
	md5_hmac(contexts, buffer_slice(&x.challenge), sum);
	buffer_add_text(&b, "none@example.com ");
	hex_encode(&b, (struct slice){(const char *)sum, sizeof sum});
	ok(exchange_step(&x, buffer_string(&b)) == EXCHANGE_FAIL,
		"the fake secret lets nobody in");
}

static void
test_syntax(int fd)
{
	static const char *const rows[] = {"", " ", "joe@example.com",
		"joe@example.com ", "b913a602c7eda7a495b4e6e7334d3890",
		" b913a602c7eda7a495b4e6e7334d3890",
		"joe@example.com b913a602c7eda7a495b4e6e7334d389",
		"joe@example.com b913a602c7eda7a495b4e6e7334d389g",
		"joe@example.com b913a602c7eda7a495b4e6e7334d389000",
		"joe@example.com b913a602c7eda7a495b4e6e7334d3890 ",
		"joe\n@example.com b913a602c7eda7a495b4e6e7334d3890"};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		exchange_start(&x, "CRAM-MD5", fd);
		(void)exchange_step(&x, NULL);
		ok(exchange_step(&x, rows[i]) == EXCHANGE_MALFORMED,
			*rows[i] == '\0' ? "nothing" : "malformed");
	}
	exchange_start(&x, "CRAM-MD5", -1);
	(void)exchange_step(&x, NULL);
	ok(exchange_step(&x, respond("joe@example.com", "pencil")) ==
			EXCHANGE_TEMPORARY,
		"no file to read");
}

int
main(void)
{
	int fd = cdbfile_make(records);

	test_challenge(fd);
	test_results(fd);
	test_syntax(fd);
	return tap_done();
}
