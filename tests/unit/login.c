/* Unit test of sasl/prompt.c. */
#include "tests/exchange.h"
#include "tests/tap.h"

static const struct cdbfile_record records[] = {
	{"joe@example.com", SCRAM_256 ":::"},
	{"apps@example.com", "{PLAIN}own:::smtp_secret_phone={PLAIN}pencil"},
	{"off@example.com", "!" SCRAM_256},
	{"#site", SITE},
	{NULL, NULL},
};

static struct exchange x;

static void
test_prompts(int fd)
{
	exchange_start(&x, "LOGIN", fd);
	ok(exchange_step(&x, NULL) == EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x, "Username:"),
		"Username:");
	ok(exchange_step(&x, "Joe@example.com") == EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x, "Password:"),
		"Password:");
	ok(exchange_step(&x, "pencil") == EXCHANGE_OK &&
			exchange_login_is(&x, "joe@example.com") &&
			x.challenge.len == 0,
		"logged in");
	exchange_start(&x, "LOGIN", fd);
	ok(exchange_step(&x, "joe@example.com") == EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x, "Password:"),
		"an initial response is the name");
	ok(exchange_step(&x, "pencil") == EXCHANGE_OK, "logged in");
}

static void
test_results(int fd)
{
	static const struct {
		const char *name, *password;
		enum exchange_result result;
		const char *login, *label, *reason, *what;
	} rows[] = {
		{"joe@example.com", "pencik", EXCHANGE_FAIL, "joe@example.com",
			"", "password", "a wrong password"},
		{"ann@example.com", "pencil", EXCHANGE_FAIL, "ann@example.com",
			"", "unknown", "an unknown user"},
		{"off@example.com", "pencil", EXCHANGE_FAIL, "off@example.com",
			"", "disabled", "a disabled user"},
		{"apps@example.com", "pencil", EXCHANGE_OK, "apps@example.com",
			"phone", "", "an app password"},
		{"apps@example.com", "own", EXCHANGE_OK, "apps@example.com", "",
			"", "the own password"},
		{"joe@example.com", "", EXCHANGE_MALFORMED, "joe@example.com",
			"", "", "an empty password"},
		{"JOE@EXAMPLE.COM", "pencil", EXCHANGE_OK, "joe@example.com",
			"", "", "a name in upper case"},
		{"#site", "pencil", EXCHANGE_FAIL, "#site", "", "unknown",
			"a reserved record"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		exchange_start(&x, "LOGIN", fd);
		exchange_step(&x, rows[i].name);
		enum exchange_result result =
			exchange_step(&x, rows[i].password);

		ok(result == rows[i].result &&
				exchange_login_is(&x, rows[i].login) &&
				strcmp(x.label, rows[i].label) == 0,
			rows[i].what);
		ok(result != EXCHANGE_FAIL ||
				strcmp(x.reason, rows[i].reason) == 0,
			"its reason");
	}
}

/* One of the two answers is not what it may be. */
static void
test_malformed(int fd)
{
	static const struct {
		const char *name;
		size_t name_len;
		const char *password;
		size_t password_len;
		const char *what;
	} rows[] = {
		{"", 0, "pencil", 6, "no name"},
		{"joe\0@example.com", 16, "pencil", 6, "a NUL in the name"},
		{"joe\n@example.com", 16, "pencil", 6, "a line end in it"},
		{"joe@example.com", 15, "pencil\0", 7, "a NUL at the end"},
		{"joe@example.com", 15, "pencil\0x", 8,
			"a NUL and more behind the password"},
	};
	static char longest[USERS_LOGIN_MAX + 1];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		exchange_start(&x, "LOGIN", fd);
		enum exchange_result first =
			exchange_octets(&x, rows[i].name, rows[i].name_len);

		ok(first == EXCHANGE_MALFORMED ||
				exchange_octets(&x, rows[i].password,
					rows[i].password_len) ==
					EXCHANGE_MALFORMED,
			rows[i].what);
	}
	memset(longest, 'a', sizeof longest);
	exchange_start(&x, "LOGIN", fd);
	ok(exchange_octets(&x, longest, USERS_LOGIN_MAX) == EXCHANGE_CHALLENGE,
		"the longest name");
	ok(exchange_step(&x, "pencil") == EXCHANGE_FAIL &&
			x.login_len == USERS_LOGIN_MAX,
		"is only unknown");
	exchange_start(&x, "LOGIN", fd);
	ok(exchange_octets(&x, longest, USERS_LOGIN_MAX + 1) ==
			EXCHANGE_MALFORMED,
		"a longer one");
	exchange_start(&x, "LOGIN", fd);
	exchange_step(&x, NULL);
	ok(exchange_step(&x, "") == EXCHANGE_MALFORMED,
		"an empty line for the name");
}

static void
test_domain(int fd)
{
	exchange_start(&x, "LOGIN", fd);
	x.authdomain = slice_of("example.com");
	exchange_step(&x, "joe");
	ok(exchange_step(&x, "pencil") == EXCHANGE_OK &&
			exchange_login_is(&x, "joe@example.com"),
		"the domain is added once");
}

int
main(void)
{
	int fd = cdbfile_make(records);

	test_prompts(fd);
	test_results(fd);
	test_malformed(fd);
	test_domain(fd);
	close(fd);
	return tap_done();
}
