/* Unit test of dates that end app passwords: users/users.c, mechanism.c. */
#include "tests/exchange.h"
#include "tests/tap.h"

#define TODAY 20261121

static struct user user;
static struct exchange x;

static void
test_records(void)
{
	static const struct {
		const char *gecos;
		uint32_t expires; /* of the secret "a" */
		bool bad;
		const char *what;
	} rows[] = {
		{"smtp_secret_a={PLAIN}x", 0, false, "no date"},
		{"smtp_secret_a={PLAIN}x smtp_expires_a=2026-11-21", TODAY,
			false, "a date"},
		{"smtp_expires_a=2026-11-21 smtp_secret_a={PLAIN}x", TODAY,
			false, "in front of its secret"},
		{"smtp_secret_a={PLAIN}x SMTP_EXPIRES_a=2026-11-21", TODAY,
			false, "in upper case, as the secret may be"},
		{"smtp_secret_a={PLAIN}x smtp_expires_b=2026-11-21", 0, false,
			"of another label"},
		{"smtp_secret_a={PLAIN}x smtp_expires_a=2027-01-01 "
		 "smtp_expires_a=2026-11-21 smtp_expires_a=2028-01-01",
			TODAY, false, "the earliest of three"},
		{"smtp_secret_a={PLAIN}x smtp_expires_a=never", 1, true,
			"no date at all: as if long ago"},
		{"smtp_secret_a={PLAIN}x smtp_expires_a=", 1, true,
			"an empty one"},
		{"smtp_secret_a={PLAIN}x smtp_expires_a=2026-02-30", 1, true,
			"a day that there is not"},
		{"smtp_secret_a={PLAIN}x smtp_expires_A=never", 0, false,
			"a label that is none: a word of somebody else's"},
		{"smtp_secret_a={PLAIN}x smtp_expires_a", 0, false,
			"no value: the same"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char record[256];

		snprintf(record, sizeof record,
			"{PLAIN}y:::%s:::", rows[i].gecos);
		ok(exchange_parse(&user, record) == 0 &&
				user.secrets_count == 2 &&
				user.secrets[1].expires == rows[i].expires &&
				user.secrets[0].expires == 0 &&
				user.bad_expiry == rows[i].bad,
			rows[i].what);
	}
	(void)exchange_parse(&user, "{PLAIN}y:::smtp_expires_a=x");
	(void)exchange_parse(&user, "{PLAIN}y:::smtp_secret_a={PLAIN}x");
	ok(!user.bad_expiry && user.secrets[1].expires == 0,
		"nothing is left of a record before");
}

static void
test_days(void)
{
	struct user_secret s = {.expires = TODAY};

	ok(!users_expired(&s, 20261120), "the day before");
	ok(users_expired(&s, TODAY), "the day itself");
	ok(users_expired(&s, 20270101), "a year later");
	s.expires = 0;
	ok(!users_expired(&s, 99991231), "no date, no end");
	s.expires = 1;
	ok(users_expired(&s, 19700101), "one that could not be read");
}

static const struct cdbfile_record records[] = {
	{"joe", "{PLAIN}own:::smtp_secret_a={PLAIN}app "
		"smtp_expires_a=2026-11-21 smtp_secret_b={PLAIN}both "
		"smtp_secret_c={PLAIN}both smtp_expires_b=2000-01-01"},
	{"forms", SCRAM_256 ":::smtp_secret_scram-sha-1=" SCRAM_1
			    " smtp_secret_p=" SCRAM_256
			    " smtp_secret_p=" SCRAM_1},
	{"off", "!{PLAIN}own:::smtp_secret_a={PLAIN}app "
		"smtp_expires_a=2000-01-01"},
	{"#site", SITE},
	{NULL, NULL},
};

static void
test_plain(void)
{
	static const struct {
		const char *login, *password;
		uint32_t today;
		enum exchange_result result;
		const char *label, *reason;
	} rows[] = {
		{"joe", "own", TODAY, EXCHANGE_OK, "", NULL},
		{"joe", "app", 20261120, EXCHANGE_OK, "a", NULL},
		{"joe", "app", TODAY, EXCHANGE_FAIL, "", "expired"},
		{"joe", "nothing", TODAY, EXCHANGE_FAIL, "", "password"},
		{"joe", "both", TODAY, EXCHANGE_OK, "c", NULL},
		{"off", "app", TODAY, EXCHANGE_FAIL, "", "disabled"},
		{"forms", "pencil", TODAY, EXCHANGE_OK, "", NULL},
	};
	int fd = cdbfile_make(records);

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		enum exchange_result result;

		exchange_start(&x, "PLAIN", fd);
		x.today = rows[i].today;
		x.reason = "";
		result = mechanism_check_password(&x, slice_of(rows[i].login),
			slice_of(rows[i].password));
		ok(result == rows[i].result &&
				strcmp(x.label, rows[i].label) == 0 &&
				(rows[i].reason == NULL ||
					strcmp(x.reason, rows[i].reason) == 0),
			rows[i].password);
	}
	close(fd);
}

/* What every mechanism ends with. */
static void
test_accept(void)
{
	int fd = cdbfile_make(records);

	exchange_start(&x, "PLAIN", fd);
	x.today = TODAY;
	cdbfile_must(users_find(fd, slice_of("joe"), &x.user) == USERS_FOUND);
	ok(mechanism_accept(&x, slice_of("a")) == EXCHANGE_FAIL &&
			strcmp(x.reason, "expired") == 0 && x.label[0] == '\0',
		"a label past its time is not accepted");
	ok(mechanism_accept(&x, slice_of("c")) == EXCHANGE_OK &&
			strcmp(x.label, "c") == 0,
		"another one is");
	close(fd);
}

/* Which secrets a password check runs. */
static void
test_tries(void)
{
	static const struct {
		const char *record;
		const char *tried; /* a digit a secret */
		const char *what;
	} rows[] = {
		{SCRAM_256 ":::smtp_secret_scram-sha-1=" SCRAM_1, "10",
			"another form of the own password is not tried"},
		{":::smtp_secret_scram-sha-1=" SCRAM_1, "1",
			"but where there is no own one"},
		{SCRAM_256 ":::smtp_secret_p=" SCRAM_256
			   " smtp_secret_p=" SCRAM_1 " smtp_secret_q=" SCRAM_1,
			"1101", "one form of each app password"},
		{"{PLAIN}x:::smtp_secret_p={PLAIN}y smtp_secret_p={PLAIN}z",
			"110", "a label stands for one password"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char tried[USERS_SECRETS_MAX + 1] = "";

		cdbfile_must(exchange_parse(&user, rows[i].record) == 0);
		for (size_t k = 0; k < user.secrets_count; k++)
			tried[k] = mechanism_tries(&user, k) ? '1' : '0';
		ok(strcmp(tried, rows[i].tried) == 0, rows[i].what);
	}
}

/* One derivation serves all that share salt and count. */
static void
test_derived(void)
{
	struct secret secret, derived = {.kind = SECRET_UNKNOWN}, other;

	cdbfile_must(secret_parse(&secret, slice_of(SCRAM_256)) == 0);
	ok(secret_check_next(&secret, slice_of("pencil"), &derived) ==
				SECRET_MATCH &&
			secret_shares_derived(&secret, &derived),
		"the first one is derived and kept");
	other = secret;
	other.stored_key[0] ^= 1;
	ok(secret_check_next(&other, slice_of("pencil"), &derived) ==
			SECRET_MISMATCH,
		"another key of the same salt does not match");
	/* Were it derived anew, this would be a mismatch. */
	other = secret;
	derived.stored_key[5] ^= 1;
	other.stored_key[5] ^= 1;
	ok(secret_check_next(&other, slice_of("ignored"), &derived) ==
			SECRET_MATCH,
		"what was kept is what is compared");
	other.iterations++;
	ok(!secret_shares_derived(&other, &derived) &&
			secret_check_next(&other, slice_of("pencil"),
				&derived) == SECRET_MISMATCH &&
			secret_shares_derived(&other, &derived),
		"another count is derived anew");
	other.salt_len--;
	ok(!secret_shares_derived(&other, &derived), "another salt too");
	cdbfile_must(secret_parse(&other, slice_of("{PLAIN}pencil")) == 0);
	ok(!secret_shares_derived(&other, &other), "of others nothing is kept");
}

int
main(void)
{
	test_records();
	test_days();
	test_plain();
	test_accept();
	test_tries();
	test_derived();
	return tap_done();
}
