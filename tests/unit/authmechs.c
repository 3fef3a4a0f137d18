/* Unit test of control/authmechs: names of mechanisms, forms of SMTPAUTH. */
#include "control/authmechs.h"

#include "tests/tap.h"

static const struct list_case {
	const char *what, *text;
	const char *mechanisms; /* NULL: absent */
	const char *wrong;	/* NULL: nothing */
} lists[] = {
	{"one", "PLAIN", "PLAIN", NULL},
	{"order stays", "LOGIN PLAIN", "LOGIN PLAIN", NULL},
	{"lines", "LOGIN\nPLAIN\n", "LOGIN PLAIN", NULL},
	{"blanks", " \tLOGIN  \t PLAIN\r\n ", "LOGIN PLAIN", NULL},
	{"case", "scram-sha-256 Plain", "SCRAM-SHA-256 PLAIN", NULL},
	{"repeats", "PLAIN plain LOGIN PLAIN", "PLAIN LOGIN", NULL},
	{"all that are known",
		"scram-sha-1-plus scram-sha-256-plus external digest-md5 "
		"cram-md5 login plain scram-sha-1 scram-sha-256",
		"SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS EXTERNAL DIGEST-MD5 "
		"CRAM-MD5 LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256",
		NULL},
	{"nothing", "", NULL, NULL},
	{"blanks alone", " \n\t", NULL, NULL},
	{"unknown", "PLAIN NTLM", NULL, "unknown mechanism NTLM"},
	{"commas", "PLAIN,LOGIN", NULL, "unknown mechanism PLAIN,LOGIN"},
	{"start of a name", "SCRAM-SHA-25", NULL,
		"unknown mechanism SCRAM-SHA-25"},
	{"more than a name", "PLAINE", NULL, "unknown mechanism PLAINE"},
	{"a long one is cut",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
		"unknown mechanism aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
};

/* Where another server does them, any name may be one. */
static const struct list_case others[] = {
	{"another server's", "gssapi OAUTHBEARER X_1", "GSSAPI OAUTHBEARER X_1",
		NULL},
	{"another server's, repeated", "x y X plain", "X Y PLAIN", NULL},
	{"another server's, 20 octets", "abcdefghijklmnopqrst",
		"ABCDEFGHIJKLMNOPQRST", NULL},
	{"another server's, 21 octets", "abcdefghijklmnopqrstu", NULL,
		"unknown mechanism abcdefghijklmnopqrstu"},
	{"no name", "PLAIN,LOGIN", NULL, "unknown mechanism PLAIN,LOGIN"},
};

static const struct form_case {
	const char *value;
	int result;
	const char *mechanisms; /* NULL: absent */
	bool required, off;
} forms[] = {
	{"", 0, "PLAIN LOGIN", false, false},
	{"+cram", 0, "PLAIN LOGIN CRAM-MD5", false, false},
	{"cram", 0, "CRAM-MD5", false, false},
	{"!", 0, NULL, true, false},
	{"!+cram", 0, "PLAIN LOGIN CRAM-MD5", true, false},
	{"!cram", 0, "CRAM-MD5", true, false},
	{"-", 0, NULL, false, true},
	{"0", 0, NULL, false, true},
	{"1", -1, NULL, false, false},
	{"!-", -1, NULL, false, false},
	{"!0", -1, NULL, false, false},
	{"!!", -1, NULL, false, false},
	{"-cram", -1, NULL, false, false},
	{"CRAM", -1, NULL, false, false},
	{" ", -1, NULL, false, false},
	{"plain", -1, NULL, false, false},
};

static bool
is_text(struct slice text, const char *expected)
{
	if (expected == NULL)
		return text.data == NULL;
	return text.data != NULL && slice_is(text, expected);
}

static void
check_lists(const struct list_case *cases, size_t n, bool any)
{
	for (size_t i = 0; i < n; i++) {
		const struct list_case *c = &cases[i];
		struct slice mechanisms = {"", 0};
		const char *wrong =
			authmechs_list(slice_of(c->text), any, &mechanisms);
		bool same =
			c->wrong == NULL
				? wrong == NULL
				: wrong != NULL && strcmp(wrong, c->wrong) == 0;

		ok(same && is_text(mechanisms, c->mechanisms), c->what);
	}
}

static void
check_forms(void)
{
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		const struct form_case *c = &forms[i];
		struct authmechs_smtpauth got;
		int result = authmechs_smtpauth(slice_of(c->value), &got);
		char what[40];

		snprintf(what, sizeof what, "SMTPAUTH=%s", c->value);
		ok(result == c->result &&
				(result == -1 ||
					(is_text(got.mechanisms,
						 c->mechanisms) &&
						got.required == c->required &&
						got.off == c->off)),
			what);
	}
}

/* What a connection without or with TLS is offered. */
static void
test_offer(void)
{
	static const struct {
		const char *list;
		unsigned have;
		const char *expected;
	} rows[] = {
		{"PLAIN LOGIN", 0, "PLAIN LOGIN"},
		{"SCRAM-SHA-256-PLUS PLAIN", 0, "PLAIN"},
		{"SCRAM-SHA-1-PLUS PLAIN", 0, "PLAIN"},
		{"PLAIN EXTERNAL", 0, "PLAIN"},
		{"EXTERNAL", 0, ""},
		{"EXTERNAL SCRAM-SHA-256-PLUS PLAIN", AUTHMECHS_BINDING,
			"SCRAM-SHA-256-PLUS PLAIN"},
		{"EXTERNAL SCRAM-SHA-256-PLUS PLAIN", AUTHMECHS_CERTIFICATE,
			"EXTERNAL PLAIN"},
		{"EXTERNAL SCRAM-SHA-256-PLUS PLAIN SCRAM-SHA-1-PLUS",
			AUTHMECHS_BINDING | AUTHMECHS_CERTIFICATE,
			"EXTERNAL SCRAM-SHA-256-PLUS PLAIN SCRAM-SHA-1-PLUS"},
		{"SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 DIGEST-MD5", 0,
			"SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 DIGEST-MD5"},
		{"", 3, ""},
		{NULL, 3, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[128];
		struct buffer b = BUFFER_OVER(text);

		authmechs_offer(slice_of(rows[i].list), rows[i].have, &b);
		ok(slice_is(buffer_slice(&b), rows[i].expected),
			rows[i].expected);
	}
	ok(authmechs_wants(slice_of("PLAIN EXTERNAL"), AUTHMECHS_CERTIFICATE) &&
			!authmechs_wants(slice_of("PLAIN EXTERNAL"),
				AUTHMECHS_BINDING) &&
			authmechs_wants(slice_of("scram-sha-1-plus"),
				AUTHMECHS_BINDING) &&
			!authmechs_wants(slice_of("SCRAM-SHA-1 PLAIN"), 3) &&
			!authmechs_wants(slice_of(NULL), 3),
		"what a list wants");
}

int
main(void)
{
	test_offer();
	check_lists(lists, sizeof lists / sizeof *lists, false);
	check_lists(others, sizeof others / sizeof *others, true);
	check_forms();
	return tap_done();
}
