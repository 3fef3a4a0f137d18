/*
 * Unit test of control/config and load: the value of every setting, from its
 * file, its variable and its default, and what wins over what.
 */
#include "control/config.h"

#include "lib/buffer.h"
#include "tests/anew.h"
#include "tests/tap.h"

#define GIVEN 5
#define ABSENT "(absent)"

/*
 * given: "NAME=VALUE" sets a variable, "NAME:TEXT" writes a file; me is
 * there unless it is given. FAILS: name and value are what is blamed and
 * why, else a row (its file or variable) and its value. DASH_S: option -s.
 */
struct config_case {
	const char *what;
	const char *given[GIVEN];
	const char *name, *value;
	enum { FAILS = 1, DASH_S = 2 } flags;
};

static const struct config_case defaults[] = {
	{"me", {NULL}, "me", "mx.example.com", 0},
	{"smtpgreeting", {NULL}, "smtpgreeting", "mx.example.com", 0},
	{"localiphost", {NULL}, "localiphost", "mx.example.com", 0},
	{"timeoutsmtpd", {NULL}, "timeoutsmtpd", "300", 0},
	{"timeoutqueue", {NULL}, "timeoutqueue", "300", 0},
	{"databytes", {NULL}, "databytes", "0", 0},
	{"maxrcpt", {NULL}, "maxrcpt", "1000", 0},
	{"smtputf8", {NULL}, "smtputf8", "1", 0},
	{"mechanisms", {NULL}, "authmechs", ABSENT, 0},
	{"REQUIREAUTH", {NULL}, "REQUIREAUTH", "0", 0},
	{"authdomain", {NULL}, "authdomain", ABSENT, 0},
	{"sendercheck", {NULL}, "sendercheck", "0", 0},
	{"recipientdelimiter", {NULL}, "recipientdelimiter", "+", 0},
	{"recipientdelimiter +-", {"recipientdelimiter:+-\n"},
		"recipientdelimiter", "+-", 0},
	{"recipientdelimiter, an empty file: none", {"recipientdelimiter:"},
		"recipientdelimiter", "", 0},
	{"recipientdelimiter, an empty line: none", {"recipientdelimiter:\n"},
		"recipientdelimiter", "", 0},
	{"addheaders", {NULL}, "addheaders", "0", 0},
	{"addheaders, 25", {"TCPLOCALPORT=25"}, "addheaders", "0", 0},
	{"addheaders, 587", {"TCPLOCALPORT=587"}, "addheaders", "1", 0},
	{"addheaders, 465", {"TCPLOCALPORT=465"}, "addheaders", "1", 0},
	{"addheaders, -s", {NULL}, "addheaders", "1", DASH_S},
	{"addheaders, SMTPS", {"SMTPS=1"}, "addheaders", "1", 0},
	{"addheaders, SMTPS=0", {"SMTPS=0"}, "addheaders", "0", 0},
	{"addheaders, SMTPS=0 and -s", {"SMTPS=0"}, "addheaders", "1", DASH_S},
	{"addheaders file wins over 587",
		{"TCPLOCALPORT=587", "addheaders:0\n"}, "addheaders", "0", 0},
	{"addheaders file on 25", {"addheaders:1\n"}, "addheaders", "1", 0},
	{"ADDHEADERS wins over the file", {"ADDHEADERS=0", "addheaders:1\n"},
		"addheaders", "0", DASH_S},
	{"ADDHEADERS empty", {"ADDHEADERS="}, "addheaders", "1", 0},
	{"ADDHEADERS x", {"ADDHEADERS=x"}, "ADDHEADERS", "must be 0 or 1",
		FAILS},
	{"statedir", {NULL}, "statedir", ABSENT, 0},
	{"FORCETLS", {NULL}, "FORCETLS", "1", 0},
	{"TLSMIN", {NULL}, "TLSMIN", "1.2", 0},
	{"OLDCLIENTS", {NULL}, "OLDCLIENTS", "0", 0},
	{"QMAILQUEUE", {NULL}, "QMAILQUEUE", "/var/qmail/bin/qmail-queue", 0},
	{"ERROR_FD", {NULL}, "ERROR_FD", "6", 0},
	{"GREETDELAY", {NULL}, "GREETDELAY", "0", 0},
	{"RECEIVEDAUTH", {NULL}, "RECEIVEDAUTH", "0", 0},
	{"RELAYCLIENT", {NULL}, "RELAYCLIENT", ABSENT, 0},
	{"LOG", {NULL}, "LOG", ABSENT, 0},
	{"TRACE", {NULL}, "TRACE", "0", 0},
	{"SMTPS", {NULL}, "SMTPS", "0", 0},
	{"TCPREMOTEIP", {NULL}, "TCPREMOTEIP", "unknown", 0},
	{"TCPREMOTEHOST", {NULL}, "TCPREMOTEHOST", "unknown", 0},
	{"TCPREMOTEINFO", {NULL}, "TCPREMOTEINFO", ABSENT, 0},
	{"TCPLOCALPORT", {NULL}, "TCPLOCALPORT", ABSENT, 0},
};

static const struct config_case names[] = {
	{"me missing", {"me:"}, "control/me", "not set", FAILS},
	{"me blank", {"me: \n"}, "control/me", "not set", FAILS},
	{"me with a blank", {"me:a b\n"}, "control/me", "not a host name",
		FAILS},
	{"me 8-bit", {"me:m\xc3\xbc\n"}, "control/me", "not a host name",
		FAILS},
	{"me with a control character", {"me:a\x01\n"}, "control/me",
		"not a host name", FAILS},
	{"smtpgreeting", {"smtpgreeting:mx.example.org at your service\n"},
		"smtpgreeting", "mx.example.org at your service", 0},
	{"smtpgreeting UTF-8", {"smtpgreeting:mx \xc3\xbc\n"}, "smtpgreeting",
		"mx \xc3\xbc", 0},
	{"smtpgreeting empty", {"smtpgreeting:\n"}, "smtpgreeting",
		"mx.example.com", 0},
	{"smtpgreeting with a CR", {"smtpgreeting:a\rb\n"},
		"control/smtpgreeting", "not printable", FAILS},
	{"smtpgreeting with DEL", {"smtpgreeting:a\x7f\n"},
		"control/smtpgreeting", "not printable", FAILS},
	{"localiphost", {"localiphost:example.com\n"}, "localiphost",
		"example.com", 0},
	{"localiphost with a blank", {"localiphost:a b\n"},
		"control/localiphost", "not a host name", FAILS},
	{"relaylimits", {"relaylimits:# a day\njoe@example.com:10\n:0\n\n"},
		"me", "mx.example.com", 0},
	{"relaylimits without a number", {"relaylimits::5\njoe:\n"},
		"control/relaylimits", "a line is not user:number", FAILS},
	{"relaylimits without a colon", {"relaylimits:joe\n"},
		"control/relaylimits", "a line is not user:number", FAILS},
	{"relaylimits of -1", {"relaylimits::-1\n"}, "control/relaylimits",
		"a line is not user:number", FAILS},
	{"statedir", {"statedir:/var/lib/x\n"}, "statedir", "/var/lib/x", 0},
	{"STATEDIR wins", {"statedir:/a\n", "STATEDIR=/b"}, "statedir", "/b",
		0},
	{"STATEDIR empty", {"statedir:/a\n", "STATEDIR="}, "statedir", ABSENT,
		0},
	{"authdomain", {"authdomain:example.com\n"}, "authdomain",
		"example.com", 0},
	{"AUTHDOMAIN wins",
		{"authdomain:example.com\n", "AUTHDOMAIN=example.org"},
		"authdomain", "example.org", 0},
	{"AUTHDOMAIN empty: none", {"authdomain:example.com\n", "AUTHDOMAIN="},
		"authdomain", ABSENT, 0},
	{"AUTHDOMAIN with a blank", {"AUTHDOMAIN=a b"}, "AUTHDOMAIN",
		"not a host name", FAILS},
	{"authdomain with a blank", {"authdomain:a b"}, "control/authdomain",
		"not a host name", FAILS},
};

static const struct config_case numbers[] = {
	{"timeoutsmtpd", {"timeoutsmtpd:20\n"}, "timeoutsmtpd", "20", 0},
	{"timeoutsmtpd 0", {"timeoutsmtpd:0\n"}, "timeoutsmtpd", "1", 0},
	{"timeoutsmtpd 1", {"timeoutsmtpd:1\n"}, "timeoutsmtpd", "1", 0},
	{"timeoutsmtpd of an age", {"timeoutsmtpd:18446744073709551616\n"},
		"timeoutsmtpd", "31536000", 0},
	{"timeoutsmtpd of a year", {"timeoutsmtpd:31536000\n"}, "timeoutsmtpd",
		"31536000", 0},
	{"timeoutsmtpd longer", {"timeoutsmtpd:31536001\n"}, "timeoutsmtpd",
		"31536000", 0},
	{"timeoutsmtpd empty", {"timeoutsmtpd:\n"}, "timeoutsmtpd", "300", 0},
	{"timeoutsmtpd word", {"timeoutsmtpd:never\n"}, "control/timeoutsmtpd",
		"not a number", FAILS},
	{"timeoutsmtpd negative", {"timeoutsmtpd:-1\n"}, "control/timeoutsmtpd",
		"not a number", FAILS},
	{"TIMEOUTQUEUE wins", {"timeoutqueue:x\n", "TIMEOUTQUEUE=40"},
		"timeoutqueue", "40", 0},
	{"TIMEOUTQUEUE 0", {"TIMEOUTQUEUE=0"}, "timeoutqueue", "1", 0},
	{"TIMEOUTQUEUE word", {"timeoutqueue:1\n", "TIMEOUTQUEUE=1s"},
		"TIMEOUTQUEUE", "not a number", FAILS},
	{"databytes", {"databytes:5000\n"}, "databytes", "5000", 0},
	{"databytes of 64 bits", {"databytes:18446744073709551615\n"},
		"databytes", "18446744073709551615", 0},
	{"databytes hex", {"databytes:0x10\n"}, "control/databytes",
		"not a number", FAILS},
	{"databytes with a sign", {"databytes:+1\n"}, "control/databytes",
		"not a number", FAILS},
	{"DATABYTES wins", {"databytes:1\n", "DATABYTES=2"}, "databytes", "2",
		0},
	{"DATABYTES empty", {"databytes:1\n", "DATABYTES="}, "DATABYTES",
		"not a number", FAILS},
	{"maxrcpt", {"maxrcpt:5\n"}, "maxrcpt", "5", 0},
	{"MAXRCPT 0", {"maxrcpt:5\n", "MAXRCPT=0"}, "maxrcpt", "0", 0},
	{"MAXRCPT large", {"MAXRCPT=100001"}, "maxrcpt", "100000", 0},
	{"ERROR_FD 2", {"ERROR_FD=2"}, "ERROR_FD", "2", 0},
	{"ERROR_FD 9", {"ERROR_FD=9"}, "ERROR_FD", "9", 0},
	{"ERROR_FD 1", {"ERROR_FD=1"}, "ERROR_FD", "out of range", FAILS},
	{"ERROR_FD 10", {"ERROR_FD=10"}, "ERROR_FD", "out of range", FAILS},
	{"GREETDELAY 60", {"GREETDELAY=60"}, "GREETDELAY", "60", 0},
	{"GREETDELAY 61", {"GREETDELAY=61"}, "GREETDELAY", "out of range",
		FAILS},
};

static const struct config_case words[] = {
	{"smtputf8 0", {"smtputf8:0\n"}, "smtputf8", "0", 0},
	{"smtputf8 empty", {"smtputf8:\n"}, "smtputf8", "1", 0},
	{"smtputf8 2", {"smtputf8:2\n"}, "control/smtputf8", "must be 0 or 1",
		FAILS},
	{"SMTPUTF8 wins", {"smtputf8:0\n", "SMTPUTF8=1"}, "smtputf8", "1", 0},
	{"FORCETLS 0", {"FORCETLS=0"}, "FORCETLS", "0", 0},
	{"FORCETLS empty", {"FORCETLS="}, "FORCETLS", "1", 0},
	{"FORCETLS no", {"FORCETLS=no"}, "FORCETLS", "must be 0 or 1", FAILS},
	{"FORCETLS 00", {"FORCETLS=00"}, "FORCETLS", "must be 0 or 1", FAILS},
	{"OLDCLIENTS empty", {"OLDCLIENTS="}, "OLDCLIENTS", "1", 0},
	{"RECEIVEDAUTH 1", {"RECEIVEDAUTH=1"}, "RECEIVEDAUTH", "1", 0},
	{"TRACE 1", {"TRACE=1"}, "TRACE", "1", 0},
	{"TLSMIN 1.0", {"TLSMIN=1.0"}, "TLSMIN", "1.0", 0},
	{"TLSMIN 1.1", {"TLSMIN=1.1"}, "TLSMIN", "1.1", 0},
	{"TLSMIN 1.3", {"TLSMIN=1.3"}, "TLSMIN", "must be 1.0, 1.1 or 1.2",
		FAILS},
	{"TLSMIN empty", {"TLSMIN="}, "TLSMIN", "must be 1.0, 1.1 or 1.2",
		FAILS},
	{"QMAILQUEUE", {"QMAILQUEUE=/bin/queue"}, "QMAILQUEUE", "/bin/queue",
		0},
	{"QMAILQUEUE empty", {"QMAILQUEUE="}, "QMAILQUEUE", "names no program",
		FAILS},
	{"LOG syslog", {"LOG=syslog"}, "LOG", "syslog", 0},
	{"LOG of somebody else", {"LOG=/var/log/x"}, "LOG", ABSENT, 0},
	{"RELAYCLIENT empty", {"RELAYCLIENT="}, "RELAYCLIENT", "", 0},
	{"RELAYCLIENT", {"RELAYCLIENT=.sfx"}, "RELAYCLIENT", ".sfx", 0},
	{"-s", {NULL}, "SMTPS", "1", DASH_S},
	{"-s and SMTPS=0", {"SMTPS=0"}, "SMTPS", "1", DASH_S},
	{"SMTPS", {"SMTPS="}, "SMTPS", "1", 0},
	{"SMTPS 1", {"SMTPS=1"}, "SMTPS", "1", 0},
	{"SMTPS 0", {"SMTPS=0"}, "SMTPS", "0", 0},
};

#define FORMS "must be -, 0, empty, +cram or cram, or one of these after !"

static const struct config_case mechanisms[] = {
	{"authmechs", {"authmechs:# a\nlogin\nPLAIN\n"}, "authmechs",
		"LOGIN PLAIN", 0},
	{"authmechs empty", {"authmechs:# none\n"}, "authmechs", ABSENT, 0},
	{"AUTHMECHS wins", {"authmechs:PLAIN\n", "AUTHMECHS=CRAM-MD5"},
		"authmechs", "CRAM-MD5", 0},
	{"AUTHMECHS before SMTPAUTH", {"SMTPAUTH=cram", "AUTHMECHS=PLAIN"},
		"authmechs", "PLAIN", 0},
	{"SMTPAUTH before authmechs", {"SMTPAUTH=cram", "authmechs:PLAIN"},
		"authmechs", "CRAM-MD5", 0},
	{"SMTPAUTH ! before authmechs", {"SMTPAUTH=!", "authmechs:PLAIN"},
		"authmechs", ABSENT, 0},
	{"SMTPAUTH -", {"SMTPAUTH=-"}, "authmechs", ABSENT, 0},
	{"unknown in AUTHMECHS", {"AUTHMECHS=NTLM"}, "AUTHMECHS",
		"unknown mechanism NTLM", FAILS},
	{"unknown in authmechs", {"authmechs:NTLM"}, "control/authmechs",
		"unknown mechanism NTLM", FAILS},
	{"AUTHMECHS empty", {"AUTHMECHS= "}, "AUTHMECHS", "names no mechanism",
		FAILS},
	{"SMTPAUTH 1", {"SMTPAUTH=1"}, "SMTPAUTH", FORMS, FAILS},
	{"SMTPAUTH 1 beside AUTHMECHS", {"SMTPAUTH=1", "AUTHMECHS=PLAIN"},
		"SMTPAUTH", FORMS, FAILS},
};

static const struct config_case required[] = {
	{"SMTPAUTH !", {"SMTPAUTH=!"}, "REQUIREAUTH", "1", 0},
	{"SMTPAUTH !cram", {"SMTPAUTH=!cram"}, "REQUIREAUTH", "1", 0},
	{"SMTPAUTH cram", {"SMTPAUTH=cram"}, "REQUIREAUTH", "0", 0},
	{"SMTPAUTH ! beside AUTHMECHS", {"SMTPAUTH=!", "AUTHMECHS=PLAIN"},
		"REQUIREAUTH", "1", 0},
	{"REQUIREAUTH 1", {"REQUIREAUTH=1"}, "REQUIREAUTH", "1", 0},
	{"REQUIREAUTH empty", {"REQUIREAUTH="}, "REQUIREAUTH", "1", 0},
	{"REQUIREAUTH 0 wins over !", {"REQUIREAUTH=0", "SMTPAUTH=!"},
		"REQUIREAUTH", "0", 0},
	{"REQUIREAUTH 0 wins over 587", {"REQUIREAUTH=0", "TCPLOCALPORT=587"},
		"REQUIREAUTH", "0", 0},
	{"REQUIREAUTH 0 wins over -s", {"REQUIREAUTH=0"}, "REQUIREAUTH", "0",
		DASH_S},
	{"REQUIREAUTH x", {"REQUIREAUTH=x"}, "REQUIREAUTH", "must be 0 or 1",
		FAILS},
	{"port 587", {"TCPLOCALPORT=587"}, "REQUIREAUTH", "1", 0},
	{"port 465", {"TCPLOCALPORT=465"}, "REQUIREAUTH", "1", 0},
	{"port 25", {"TCPLOCALPORT=25"}, "REQUIREAUTH", "0", 0},
	{"-s", {"TCPLOCALPORT=25"}, "REQUIREAUTH", "1", DASH_S},
	{"SMTPS", {"SMTPS="}, "REQUIREAUTH", "1", 0},
};

static bool
names_row(const struct config_row *row, const char *name)
{
	return (row->file != NULL && strcmp(row->file, name) == 0) ||
	       (row->environment != NULL &&
		       strcmp(row->environment, name) == 0);
}

static const struct config_row *
find_row(const char *name)
{
	for (size_t i = 0; i < config_rows_count; i++)
		if (names_row(&config_rows[i], name))
			return &config_rows[i];
	scratch_must(0, name);
	return NULL;
}

/* The value of a row, as text. */
static void
show(const struct config *config, const char *name, struct buffer *out)
{
	const struct config_row *row = find_row(name);
	const void *member = (const char *)config + row->offset;
	struct slice text;

	switch (row->type) {
	case CONFIG_NUMBER:
		buffer_add_number(out, *(const uint64_t *)member);
		break;
	case CONFIG_FLAG:
	case CONFIG_SUBMISSION:
		buffer_add_number(out, *(const bool *)member);
		break;
	default:
		text = *(const struct slice *)member;
		buffer_add_slice(
			out, text.data == NULL ? slice_of(ABSENT) : text);
	}
}

static void
set_up(const struct scratch *s, const char *const *given)
{
	char name[100];

	anew(s);
	for (size_t i = 0; i < GIVEN && given[i] != NULL; i++) {
		size_t len = strcspn(given[i], ":=");
		const char *value = given[i] + len + 1;

		snprintf(name, sizeof name, "%.*s", (int)len, given[i]);
		if (given[i][len] == '=')
			setenv(name, value, 1);
		else
			scratch_text(s, name, value);
	}
}

static void
check_cases(const struct scratch *s, const char *group,
	const struct config_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct config_case *c = &cases[i];
		struct config config;
		char what[200], text[200];
		struct buffer value = BUFFER_OVER(text);

		set_up(s, c->given);
		int result = config_load(&config, c->flags & DASH_S);

		snprintf(what, sizeof what, "%s: %s", group, c->what);
		if (c->flags & FAILS) {
			ok(result == -1 &&
					strcmp(config.failed_file, c->name) ==
						0 &&
					strcmp(config.reason, c->value) == 0,
				what);
		} else if (result == -1) {
			ok(0, what);
			printf("# %s %s\n", config.failed_file, config.reason);
		} else {
			show(&config, c->name, &value);
			if (!ok(slice_is(buffer_slice(&value), c->value), what))
				printf("# %s\n", buffer_string(&value));
		}
	}
}

#define CHECK(s, cases)                                                        \
	check_cases((s), #cases, (cases), sizeof(cases) / sizeof *(cases))

static void
check_rows(void)
{
	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];
		const char *name =
			row->file == NULL ? row->environment : row->file;

		if (!ok(name != NULL && row->help != NULL &&
				    row->help[0] != '\0' &&
				    strchr(row->help, '\n') == NULL &&
				    (row->offset < sizeof(struct config) ||
					    row->offset == CONFIG_NOWHERE),
			    "a row has a name, one line of help, a place"))
			printf("# row %zu\n", i);
		for (size_t j = 0; j < i; j++)
			if (names_row(&config_rows[j], name))
				ok(0, name);
	}
}

/* What has no row of its own. */
static void
check_rest(const struct scratch *s)
{
	struct config config;
	static const struct {
		const char *text;
		enum config_tls version;
	} versions[] = {{"1.0", TLS_1_0}, {"1.1", TLS_1_1}, {"1.2", TLS_1_2}};

	for (size_t i = 0; i < 3; i++) {
		anew(s);
		setenv("TLSMIN", versions[i].text, 1);
		ok(config_load(&config, false) == 0 &&
				config.tls_min == versions[i].version,
			"rest: tls_min");
	}
	anew(s);
	ok(config_load(&config, false) == 0 && !config.auth_off &&
			!config.relayclient_set && !config.tls_outside,
		"rest: by default");
	setenv("SMTPAUTH", "-", 1);
	setenv("AUTHMECHS", "PLAIN", 1);
	setenv("RELAYCLIENT", "", 1);
	setenv("SSL_PROTOCOL", "TLSv1.3", 1);
	ok(config_load(&config, false) == 0 && !config.auth_off &&
			slice_is(config.mechanisms, "PLAIN"),
		"rest: AUTHMECHS goes before SMTPAUTH=-");
	ok(config.relayclient_set && config.tls_outside,
		"rest: RELAYCLIENT, SSL_PROTOCOL");
	unsetenv("AUTHMECHS");
	setenv("SMTPAUTH", "0", 1);
	setenv("SSL_PROTOCOL", "", 1);
	ok(config_load(&config, false) == 0 && config.auth_off &&
			!config.tls_outside,
		"rest: SMTPAUTH=0, SSL_PROTOCOL empty");
}

int
main(void)
{
	struct scratch s;
	int null = open("/dev/null", O_RDONLY);

	/* The launcher's socket: here there is none. */
	scratch_must(null != -1 && dup2(null, 0) == 0, "/dev/null");
	close(null);
	scratch_make(&s);
	check_rows();
	CHECK(&s, defaults);
	CHECK(&s, names);
	CHECK(&s, numbers);
	CHECK(&s, words);
	CHECK(&s, mechanisms);
	CHECK(&s, required);
	check_rest(&s);
	scratch_end(&s);
	return tap_done();
}
