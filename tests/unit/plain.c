/* Unit test of sasl/plain.c and of the password check in sasl/mechanism.c. */
#include "tests/exchange.h"
#include "tests/tap.h"

#include <sys/resource.h>
#include <sys/wait.h>

static const struct cdbfile_record records[] = {
	{"joe@example.com", SCRAM_256 ":::smtp_secret_scram-sha-1=" SCRAM_1},
	{"crypt@example.com", "$1$saltsalt$wCrc3hcrR95SV83Xh8Z.41:::"},
	{"apps@example.com", "{PLAIN}own:::smtp_secret_phone={PLAIN}pencil "
			     "smtp_secret_mail=" SCRAM_1},
	{"only@example.com", ":::smtp_secret_phone={PLAIN}pencil"},
	{"form@example.com", ":::smtp_secret_scram-sha-256=" SCRAM_256},
	{"old@example.com",
		"{PLAIN}new:::smtp_secret_scram-sha-256=" SCRAM_256},
	{"off@example.com", "!" SCRAM_256},
	{"offapp@example.com", "!{PLAIN}own:::smtp_secret_phone={PLAIN}pencil"},
	{"none@example.com", "{ARGON2ID}x:::"},
	{"locked@example.com", "*:::"},
	{"empty@example.com", ":::"},
	{"bad@example.com", "{PLAIN}pencil\n"},
	{"joe", "{PLAIN}pencil:::"},
	{"#site", SITE},
	{NULL, NULL},
};

static struct exchange x;

static enum exchange_result
try(int fd, const char *octets, size_t len)
{
	exchange_start(&x, "PLAIN", fd);
	return exchange_octets(&x, octets, len);
}

/* Text with \0 in it: a literal knows its length. */
#define OCTETS(text) (text), sizeof(text) - 1

static void
test_results(int fd)
{
	static const struct {
		const char *octets;
		size_t len;
		enum exchange_result result;
		const char *login, *label, *reason, *what;
	} rows[] = {
		{OCTETS("\0joe@example.com\0pencil"), EXCHANGE_OK,
			"joe@example.com", "", NULL, "SCRAM's secret"},
		{OCTETS("\0JOE@Example.COM\0pencil"), EXCHANGE_OK,
			"joe@example.com", "", NULL, "in upper case"},
		{OCTETS("\0crypt@example.com\0pencil"), EXCHANGE_OK,
			"crypt@example.com", "", NULL, "a crypt string"},
		{OCTETS("joe@example.com\0joe@example.com\0pencil"),
			EXCHANGE_OK, "joe@example.com", "", NULL,
			"an authzid that is the login"},
		{OCTETS("Joe@example.com\0joe@EXAMPLE.com\0pencil"),
			EXCHANGE_OK, "joe@example.com", "", NULL,
			"but for case"},
		{OCTETS("apps@example.com\0joe@example.com\0pencil"),
			EXCHANGE_FAIL, "joe@example.com", "", "password",
			"an authzid that is another"},
		{OCTETS("joe@example.com\0apps@example.com\0pencil"),
			EXCHANGE_FAIL, "apps@example.com", "", "password",
			"and a label, which is not told"},
		{OCTETS("x\0joe@example.com\0pencil"), EXCHANGE_FAIL,
			"joe@example.com", "", "password",
			"an authzid that is nobody"},
		{OCTETS("\0joe@example.com\0pencik"), EXCHANGE_FAIL,
			"joe@example.com", "", "password", "a wrong password"},
		{OCTETS("\0joe@example.com\0pencil "), EXCHANGE_FAIL,
			"joe@example.com", "", "password", "with a blank more"},
		{OCTETS("\0joe@example.com\0Pencil"), EXCHANGE_FAIL,
			"joe@example.com", "", "password", "with another case"},
		{OCTETS("\0apps@example.com\0own"), EXCHANGE_OK,
			"apps@example.com", "", NULL, "the own password"},
		{OCTETS("\0only@example.com\0pencil"), EXCHANGE_OK,
			"only@example.com", "phone", NULL,
			"an app password, no own one"},
		{OCTETS("\0form@example.com\0pencil"), EXCHANGE_OK,
			"form@example.com", "", NULL,
			"another form, no own one: no label"},
		{OCTETS("\0old@example.com\0pencil"), EXCHANGE_FAIL,
			"old@example.com", "", "password",
			"another form beside the own one is not tried"},
		{OCTETS("\0old@example.com\0new"), EXCHANGE_OK,
			"old@example.com", "", NULL, "the own one is"},
		{OCTETS("\0off@example.com\0pencil"), EXCHANGE_FAIL,
			"off@example.com", "", "disabled", "disabled"},
		{OCTETS("\0offapp@example.com\0pencil"), EXCHANGE_FAIL,
			"offapp@example.com", "", "disabled",
			"disabled with an app password"},
		{OCTETS("\0ann@example.com\0pencil"), EXCHANGE_FAIL,
			"ann@example.com", "", "unknown",
			"unknown, with the made-up secret's password"},
		{OCTETS("\0#site\0pencil"), EXCHANGE_FAIL, "#site", "",
			"unknown", "a reserved record"},
		{OCTETS("\0none@example.com\0pencil"), EXCHANGE_FAIL,
			"none@example.com", "", "no-secret",
			"an unknown scheme"},
		{OCTETS("\0locked@example.com\0*"), EXCHANGE_FAIL,
			"locked@example.com", "", "no-secret", "locked"},
		{OCTETS("\0empty@example.com\0pencil"), EXCHANGE_FAIL,
			"empty@example.com", "", "no-secret", "no secret"},
		{OCTETS("\0bad@example.com\0pencil"), EXCHANGE_TEMPORARY,
			"bad@example.com", "", "backend",
			"a record that is no line"},
		{OCTETS("\0joe\0pencil"), EXCHANGE_OK, "joe", "", NULL,
			"a login without a domain"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum exchange_result result =
			try(fd, rows[i].octets, rows[i].len);

		ok(result == rows[i].result &&
				exchange_login_is(&x, rows[i].login) &&
				strcmp(x.label, rows[i].label) == 0,
			rows[i].what);
		ok(x.challenge.len == 0 &&
				(rows[i].reason == NULL ||
					strcmp(x.reason, rows[i].reason) == 0),
			"its reason, and no challenge");
	}
	ok(try(fd, OCTETS("\0apps@example.com\0pencil")) == EXCHANGE_OK &&
			strlen(x.label) > 0,
		"one of two app passwords is named");
}

static void
test_malformed(int fd)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *what;
	} rows[] = {
		{OCTETS(""), "nothing"},
		{OCTETS("\0"), "one NUL"},
		{OCTETS("\0\0"), "two NULs"},
		{OCTETS("\0\0\0"), "three NULs"},
		{OCTETS("joe@example.com"), "no NUL"},
		{OCTETS("\0joe@example.com"), "no password"},
		{OCTETS("joe@example.com\0pencil"), "the first NUL missing"},
		{OCTETS("\0joe@example.com\0"), "an empty password"},
		{OCTETS("joe@example.com\0joe@example.com\0"),
			"an empty password with an authzid"},
		{OCTETS("\0\0pencil"), "an empty login"},
		{OCTETS("joe@example.com\0\0pencil"),
			"an empty login with an authzid"},
		{OCTETS("\0joe@example.com\0pencil\0"), "a NUL at the end"},
		{OCTETS("\0joe@example.com\0pen\0cil"),
			"a NUL in the password"},
		{OCTETS("\0\0joe@example.com\0pencil"), "a NUL in front"},
		{OCTETS("\0joe\n@example.com\0pencil"), "a line end"},
		{OCTETS("j\re\0joe@example.com\0pencil"),
			"a control character in the authzid"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ok(try(fd, rows[i].octets, rows[i].len) == EXCHANGE_MALFORMED,
			rows[i].what);
}

static void
test_steps(int fd)
{
	exchange_start(&x, "PLAIN", fd);
	ok(exchange_step(&x, NULL) == EXCHANGE_CHALLENGE &&
			exchange_challenge_is(&x, ""),
		"no initial response: an empty challenge");
	ok(exchange_octets(&x, OCTETS("\0joe@example.com\0pencil")) ==
			EXCHANGE_OK,
		"and then the message");
	exchange_start(&x, "PLAIN", fd);
	exchange_step(&x, NULL);
	ok(exchange_step(&x, "") == EXCHANGE_MALFORMED, "or nothing again");
	exchange_start(&x, "PLAIN", fd);
	ok(exchange_step(&x, "") == EXCHANGE_MALFORMED,
		"an empty initial response is no missing one");
	exchange_start(&x, "PLAIN", fd);
	x.authdomain = slice_of("example.com");
	ok(exchange_octets(&x, OCTETS("\0Joe\0pencil")) == EXCHANGE_OK &&
			exchange_login_is(&x, "joe@example.com"),
		"the domain is added");
	exchange_start(&x, "PLAIN", fd);
	x.authdomain = slice_of("example.com");
	ok(exchange_octets(&x, OCTETS("joe@example.com\0Joe\0pencil")) ==
			EXCHANGE_OK,
		"to both before they are compared");
}

/* Lengths around every limit: neither a crash nor a login. */
static void
test_lengths(int fd)
{
	static char octets[EXCHANGE_RESPONSE_MAX];
	unsigned ok_count = 0;
	bool evenly = true;

	for (size_t len = 1; len + 20 < sizeof octets; len += 97) {
		memset(octets, 'x', sizeof octets);
		memcpy(octets, "\0joe@example.com\0", 17);
		enum exchange_result result = try(fd, octets, 17 + len);

		ok_count += result == EXCHANGE_OK;
		evenly = evenly && result == EXCHANGE_FAIL;
	}
	ok(evenly, "a password of any length fails alike");
	for (size_t len = 1; len + 8 < sizeof octets; len += 50) {
		memset(octets, 'x', sizeof octets);
		octets[0] = '\0';
		memcpy(octets + 1 + len, "\0pencil", 7);
		enum exchange_result result = try(fd, octets, 8 + len);

		ok_count += result == EXCHANGE_OK;
		evenly = evenly &&
			 result == (len > USERS_LOGIN_MAX ? EXCHANGE_MALFORMED
							  : EXCHANGE_FAIL);
	}
	ok(evenly, "a login over its limit is malformed, a shorter unknown");
	ok(ok_count == 0, "none is let in");
}

static void
test_broken(void)
{
	static const struct cdbfile_record no_site[] = {
		{"joe", "{PLAIN}pencil"}, {NULL, NULL}};
	int fd = cdbfile_make(no_site);

	ok(try(fd, OCTETS("\0joe\0pencil")) == EXCHANGE_TEMPORARY &&
			strcmp(x.reason, "backend") == 0,
		"no site record");
	close(fd);
	fd = cdbfile_of("", 0);
	ok(try(fd, OCTETS("\0joe\0pencil")) == EXCHANGE_TEMPORARY &&
			strcmp(x.reason, "backend") == 0,
		"an empty file");
	close(fd);
	ok(try(-1, OCTETS("\0joe\0pencil")) == EXCHANGE_TEMPORARY, "no file");
}

/* Where memory is short, nobody learns who is a user. */
static bool
is_memory_with_little(int fd, const char *octets, size_t len)
{
	struct rlimit limit = {8 << 20, 8 << 20};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (setrlimit(RLIMIT_AS, &limit) == -1)
			_exit(2);
		_exit(!(try(fd, octets, len) == EXCHANGE_TEMPORARY &&
			strcmp(x.reason, "memory") == 0));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void
test_memory(void)
{
#define YESCRYPT "$y$j9T$saltsalt$x"
	static const struct cdbfile_record costly[] = {
		{"joe", YESCRYPT ":::"},
		{"app", YESCRYPT ":::smtp_secret_phone={PLAIN}pencil"},
		{"off", "!" YESCRYPT},
		{"none", ":::"},
		{"#site", "1 " SITE_KEY " 4096 16 0 " YESCRYPT},
		{NULL, NULL},
	};
	int fd = cdbfile_make(costly);

#if defined(__SANITIZE_ADDRESS__)
	(void)is_memory_with_little; /* the sanitizer itself needs more */
#else
	ok(is_memory_with_little(fd, OCTETS("\0joe\0pencil")), "a user");
	ok(is_memory_with_little(fd, OCTETS("\0ann\0pencil")),
		"an unknown one");
	ok(is_memory_with_little(fd, OCTETS("\0off\0pencil")),
		"a disabled one");
	ok(is_memory_with_little(fd, OCTETS("\0none\0pencil")),
		"one without a secret");
	ok(!is_memory_with_little(fd, OCTETS("\0app\0pencil")),
		"another secret that matches lets the user in");
	ok(is_memory_with_little(fd, OCTETS("\0app\0x")),
		"one that does not is no proof");
#endif
	ok(try(fd, OCTETS("\0ann\0pencil")) == EXCHANGE_FAIL &&
			strcmp(x.reason, "unknown") == 0,
		"enough memory, and the reason is the true one");
	close(fd);
}

/* After a result the memory of the secrets is gone. */
static void
test_wiped(int fd)
{
	static const char zeros[sizeof x.user];

	try(fd, OCTETS("\0joe@example.com\0pencil"));
	is_bytes((const char *)&x.user, sizeof x.user, zeros, sizeof zeros,
		"the user's record is wiped after success");
	try(fd, OCTETS("\0joe@example.com\0pencik"));
	is_bytes((const char *)&x.user, sizeof x.user, zeros, sizeof zeros,
		"and after a failure");
}

int
main(void)
{
	int fd = cdbfile_make(records);

	test_results(fd);
	test_malformed(fd);
	test_steps(fd);
	test_lengths(fd);
	test_broken();
	test_memory();
	test_wiped(fd);
	close(fd);
	return tap_done();
}
