/*
 * Unit test of control/config and load: every file in every bad state, every
 * variable, what wins over what, and the words of the launcher.
 */
#include "control/config.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "control/launcher.h"
#include "lib/buffer.h"
#include "tests/scratch.h"
#include "tests/tap.h"

#define GIVEN 5
#define ABSENT "(absent)"

/*
 * given: "NAME=VALUE" sets a variable, "NAME:TEXT" writes a file; me is
 * there unless it is given. fails: name and value are what is blamed and
 * why, else a row (its file or variable) and its value.
 */
struct config_case {
	const char *what;
	const char *given[GIVEN];
	const char *name, *value;
	bool fails, smtps;
};

static const struct config_case defaults[] = {
	{"me", {NULL}, "me", "mx.example.com", false, false},
	{"smtpgreeting", {NULL}, "smtpgreeting", "mx.example.com", 0, 0},
	{"localiphost", {NULL}, "localiphost", "mx.example.com", 0, 0},
	{"timeoutsmtpd", {NULL}, "timeoutsmtpd", "300", 0, 0},
	{"timeoutqueue", {NULL}, "timeoutqueue", "300", 0, 0},
	{"databytes", {NULL}, "databytes", "0", 0, 0},
	{"maxrcpt", {NULL}, "maxrcpt", "1000", 0, 0},
	{"smtputf8", {NULL}, "smtputf8", "1", 0, 0},
	{"mechanisms", {NULL}, "authmechs", ABSENT, 0, 0},
	{"REQUIREAUTH", {NULL}, "REQUIREAUTH", "0", 0, 0},
	{"authdomain", {NULL}, "authdomain", ABSENT, 0, 0},
	{"FORCETLS", {NULL}, "FORCETLS", "1", 0, 0},
	{"TLSMIN", {NULL}, "TLSMIN", "1.2", 0, 0},
	{"OLDCLIENTS", {NULL}, "OLDCLIENTS", "0", 0, 0},
	{"QMAILQUEUE", {NULL}, "QMAILQUEUE", "/var/qmail/bin/qmail-queue", 0,
		0},
	{"ERROR_FD", {NULL}, "ERROR_FD", "6", 0, 0},
	{"GREETDELAY", {NULL}, "GREETDELAY", "0", 0, 0},
	{"RECEIVEDAUTH", {NULL}, "RECEIVEDAUTH", "0", 0, 0},
	{"RELAYCLIENT", {NULL}, "RELAYCLIENT", ABSENT, 0, 0},
	{"LOG", {NULL}, "LOG", ABSENT, 0, 0},
	{"TRACE", {NULL}, "TRACE", "0", 0, 0},
	{"SMTPS", {NULL}, "SMTPS", "0", 0, 0},
	{"TCPREMOTEIP", {NULL}, "TCPREMOTEIP", "unknown", 0, 0},
	{"TCPREMOTEHOST", {NULL}, "TCPREMOTEHOST", "unknown", 0, 0},
	{"TCPREMOTEINFO", {NULL}, "TCPREMOTEINFO", ABSENT, 0, 0},
	{"TCPLOCALPORT", {NULL}, "TCPLOCALPORT", ABSENT, 0, 0},
};

static const struct config_case names[] = {
	{"me missing", {"me:"}, "control/me", "not set", 1, 0},
	{"me blank", {"me: \n"}, "control/me", "not set", 1, 0},
	{"me with a blank", {"me:a b\n"}, "control/me", "not a host name", 1,
		0},
	{"me 8-bit", {"me:m\xc3\xbc\n"}, "control/me", "not a host name", 1,
		0},
	{"me with a control character", {"me:a\x01\n"}, "control/me",
		"not a host name", 1, 0},
	{"smtpgreeting", {"smtpgreeting:mx.example.org at your service\n"},
		"smtpgreeting", "mx.example.org at your service", 0, 0},
	{"smtpgreeting UTF-8", {"smtpgreeting:mx \xc3\xbc\n"}, "smtpgreeting",
		"mx \xc3\xbc", 0, 0},
	{"smtpgreeting empty", {"smtpgreeting:\n"}, "smtpgreeting",
		"mx.example.com", 0, 0},
	{"smtpgreeting with a CR", {"smtpgreeting:a\rb\n"},
		"control/smtpgreeting", "not printable", 1, 0},
	{"smtpgreeting with DEL", {"smtpgreeting:a\x7f\n"},
		"control/smtpgreeting", "not printable", 1, 0},
	{"localiphost", {"localiphost:example.com\n"}, "localiphost",
		"example.com", 0, 0},
	{"localiphost with a blank", {"localiphost:a b\n"},
		"control/localiphost", "not a host name", 1, 0},
	{"authdomain", {"authdomain:example.com\n"}, "authdomain",
		"example.com", 0, 0},
	{"AUTHDOMAIN wins", {"authdomain:example.com\n",
		"AUTHDOMAIN=example.org"}, "authdomain", "example.org", 0, 0},
	{"AUTHDOMAIN empty: none", {"authdomain:example.com\n",
		"AUTHDOMAIN="}, "authdomain", ABSENT, 0, 0},
	{"AUTHDOMAIN with a blank", {"AUTHDOMAIN=a b"}, "AUTHDOMAIN",
		"not a host name", 1, 0},
	{"authdomain with a blank", {"authdomain:a b"}, "control/authdomain",
		"not a host name", 1, 0},
};

static const struct config_case numbers[] = {
	{"timeoutsmtpd", {"timeoutsmtpd:20\n"}, "timeoutsmtpd", "20", 0, 0},
	{"timeoutsmtpd 0", {"timeoutsmtpd:0\n"}, "timeoutsmtpd", "1", 0, 0},
	{"timeoutsmtpd 1", {"timeoutsmtpd:1\n"}, "timeoutsmtpd", "1", 0, 0},
	{"timeoutsmtpd of an age", {"timeoutsmtpd:18446744073709551616\n"},
		"timeoutsmtpd", "31536000", 0, 0},
	{"timeoutsmtpd empty", {"timeoutsmtpd:\n"}, "timeoutsmtpd", "300", 0,
		0},
	{"timeoutsmtpd word", {"timeoutsmtpd:never\n"},
		"control/timeoutsmtpd", "not a number", 1, 0},
	{"timeoutsmtpd negative", {"timeoutsmtpd:-1\n"},
		"control/timeoutsmtpd", "not a number", 1, 0},
	{"TIMEOUTQUEUE wins", {"timeoutqueue:x\n", "TIMEOUTQUEUE=40"},
		"timeoutqueue", "40", 0, 0},
	{"TIMEOUTQUEUE 0", {"TIMEOUTQUEUE=0"}, "timeoutqueue", "1", 0, 0},
	{"TIMEOUTQUEUE word", {"timeoutqueue:1\n", "TIMEOUTQUEUE=1s"},
		"TIMEOUTQUEUE", "not a number", 1, 0},
	{"databytes", {"databytes:5000\n"}, "databytes", "5000", 0, 0},
	{"databytes of 64 bits", {"databytes:18446744073709551615\n"},
		"databytes", "18446744073709551615", 0, 0},
	{"databytes hex", {"databytes:0x10\n"}, "control/databytes",
		"not a number", 1, 0},
	{"databytes with a sign", {"databytes:+1\n"}, "control/databytes",
		"not a number", 1, 0},
	{"DATABYTES wins", {"databytes:1\n", "DATABYTES=2"}, "databytes", "2",
		0, 0},
	{"DATABYTES empty", {"databytes:1\n", "DATABYTES="}, "DATABYTES",
		"not a number", 1, 0},
	{"maxrcpt", {"maxrcpt:5\n"}, "maxrcpt", "5", 0, 0},
	{"MAXRCPT 0", {"maxrcpt:5\n", "MAXRCPT=0"}, "maxrcpt", "0", 0, 0},
	{"MAXRCPT large", {"MAXRCPT=100001"}, "maxrcpt", "100000", 0, 0},
	{"ERROR_FD 2", {"ERROR_FD=2"}, "ERROR_FD", "2", 0, 0},
	{"ERROR_FD 9", {"ERROR_FD=9"}, "ERROR_FD", "9", 0, 0},
	{"ERROR_FD 1", {"ERROR_FD=1"}, "ERROR_FD", "out of range", 1, 0},
	{"ERROR_FD 10", {"ERROR_FD=10"}, "ERROR_FD", "out of range", 1, 0},
	{"GREETDELAY 60", {"GREETDELAY=60"}, "GREETDELAY", "60", 0, 0},
	{"GREETDELAY 61", {"GREETDELAY=61"}, "GREETDELAY", "out of range", 1,
		0},
};

static const struct config_case words[] = {
	{"smtputf8 0", {"smtputf8:0\n"}, "smtputf8", "0", 0, 0},
	{"smtputf8 empty", {"smtputf8:\n"}, "smtputf8", "1", 0, 0},
	{"smtputf8 2", {"smtputf8:2\n"}, "control/smtputf8", "must be 0 or 1",
		1, 0},
	{"SMTPUTF8 wins", {"smtputf8:0\n", "SMTPUTF8=1"}, "smtputf8", "1", 0,
		0},
	{"FORCETLS 0", {"FORCETLS=0"}, "FORCETLS", "0", 0, 0},
	{"FORCETLS empty", {"FORCETLS="}, "FORCETLS", "1", 0, 0},
	{"FORCETLS no", {"FORCETLS=no"}, "FORCETLS", "must be 0 or 1", 1, 0},
	{"FORCETLS 00", {"FORCETLS=00"}, "FORCETLS", "must be 0 or 1", 1, 0},
	{"OLDCLIENTS empty", {"OLDCLIENTS="}, "OLDCLIENTS", "1", 0, 0},
	{"RECEIVEDAUTH 1", {"RECEIVEDAUTH=1"}, "RECEIVEDAUTH", "1", 0, 0},
	{"TRACE 1", {"TRACE=1"}, "TRACE", "1", 0, 0},
	{"TLSMIN 1.0", {"TLSMIN=1.0"}, "TLSMIN", "1.0", 0, 0},
	{"TLSMIN 1.1", {"TLSMIN=1.1"}, "TLSMIN", "1.1", 0, 0},
	{"TLSMIN 1.3", {"TLSMIN=1.3"}, "TLSMIN", "must be 1.0, 1.1 or 1.2", 1,
		0},
	{"TLSMIN empty", {"TLSMIN="}, "TLSMIN", "must be 1.0, 1.1 or 1.2", 1,
		0},
	{"QMAILQUEUE", {"QMAILQUEUE=/bin/queue"}, "QMAILQUEUE", "/bin/queue",
		0, 0},
	{"QMAILQUEUE empty", {"QMAILQUEUE="}, "QMAILQUEUE",
		"names no program", 1, 0},
	{"LOG syslog", {"LOG=syslog"}, "LOG", "syslog", 0, 0},
	{"LOG of somebody else", {"LOG=/var/log/x"}, "LOG", ABSENT, 0, 0},
	{"RELAYCLIENT empty", {"RELAYCLIENT="}, "RELAYCLIENT", "", 0, 0},
	{"RELAYCLIENT", {"RELAYCLIENT=.sfx"}, "RELAYCLIENT", ".sfx", 0, 0},
	{"-s", {NULL}, "SMTPS", "1", 0, 1},
	{"-s and SMTPS=0", {"SMTPS=0"}, "SMTPS", "1", 0, 1},
	{"SMTPS", {"SMTPS="}, "SMTPS", "1", 0, 0},
	{"SMTPS 1", {"SMTPS=1"}, "SMTPS", "1", 0, 0},
	{"SMTPS 0", {"SMTPS=0"}, "SMTPS", "0", 0, 0},
};

#define FORMS                                                                  \
	"must be -, 0, empty, +cram or cram, or one of these after !"

static const struct config_case mechanisms[] = {
	{"authmechs", {"authmechs:PLAIN LOGIN\n"}, "authmechs", "PLAIN LOGIN",
		0, 0},
	{"authmechs on lines", {"authmechs:# a\nlogin\r\n\n\tPlain\n"},
		"authmechs", "LOGIN PLAIN", 0, 0},
	{"authmechs empty", {"authmechs:# none\n"}, "authmechs", ABSENT, 0, 0},
	{"AUTHMECHS wins", {"authmechs:PLAIN\n", "AUTHMECHS=CRAM-MD5"},
		"authmechs", "CRAM-MD5", 0, 0},
	{"AUTHMECHS before SMTPAUTH", {"SMTPAUTH=cram", "AUTHMECHS=PLAIN"},
		"authmechs", "PLAIN", 0, 0},
	{"SMTPAUTH before authmechs", {"SMTPAUTH=cram", "authmechs:PLAIN"},
		"authmechs", "CRAM-MD5", 0, 0},
	{"all that are known", {"AUTHMECHS=scram-sha-1-plus "
		"scram-sha-256-plus external digest-md5 cram-md5 login plain "
		"scram-sha-1 scram-sha-256"}, "authmechs",
		"SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS EXTERNAL DIGEST-MD5 "
		"CRAM-MD5 LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256", 0, 0},
	{"repeats", {"AUTHMECHS=PLAIN plain LOGIN PLAIN"}, "authmechs",
		"PLAIN LOGIN", 0, 0},
	{"unknown in AUTHMECHS", {"AUTHMECHS=PLAIN NTLM"}, "AUTHMECHS",
		"unknown mechanism NTLM", 1, 0},
	{"unknown in authmechs", {"authmechs:PLAIN,LOGIN"},
		"control/authmechs", "unknown mechanism PLAIN,LOGIN", 1, 0},
	{"part of a name", {"AUTHMECHS=SCRAM-SHA-25"}, "AUTHMECHS",
		"unknown mechanism SCRAM-SHA-25", 1, 0},
	{"AUTHMECHS empty", {"AUTHMECHS= "}, "AUTHMECHS",
		"names no mechanism", 1, 0},
	{"SMTPAUTH empty", {"SMTPAUTH="}, "authmechs", "PLAIN LOGIN", 0, 0},
	{"SMTPAUTH +cram", {"SMTPAUTH=+cram"}, "authmechs",
		"PLAIN LOGIN CRAM-MD5", 0, 0},
	{"SMTPAUTH cram", {"SMTPAUTH=cram"}, "authmechs", "CRAM-MD5", 0, 0},
	{"SMTPAUTH !", {"SMTPAUTH=!", "authmechs:PLAIN"}, "authmechs",
		ABSENT, 0, 0},
	{"SMTPAUTH !cram", {"SMTPAUTH=!cram"}, "authmechs", "CRAM-MD5", 0, 0},
	{"SMTPAUTH !+cram", {"SMTPAUTH=!+cram"}, "authmechs",
		"PLAIN LOGIN CRAM-MD5", 0, 0},
	{"SMTPAUTH -", {"SMTPAUTH=-"}, "authmechs", ABSENT, 0, 0},
	{"SMTPAUTH 1", {"SMTPAUTH=1"}, "SMTPAUTH", FORMS, 1, 0},
	{"SMTPAUTH !-", {"SMTPAUTH=!-"}, "SMTPAUTH", FORMS, 1, 0},
	{"SMTPAUTH !!", {"SMTPAUTH=!!"}, "SMTPAUTH", FORMS, 1, 0},
	{"SMTPAUTH unknown beside AUTHMECHS", {"SMTPAUTH=x",
		"AUTHMECHS=PLAIN"}, "SMTPAUTH", FORMS, 1, 0},
};

static const struct config_case required[] = {
	{"SMTPAUTH !", {"SMTPAUTH=!"}, "REQUIREAUTH", "1", 0, 0},
	{"SMTPAUTH !cram", {"SMTPAUTH=!cram"}, "REQUIREAUTH", "1", 0, 0},
	{"SMTPAUTH cram", {"SMTPAUTH=cram"}, "REQUIREAUTH", "0", 0, 0},
	{"SMTPAUTH ! beside AUTHMECHS", {"SMTPAUTH=!", "AUTHMECHS=PLAIN"},
		"REQUIREAUTH", "1", 0, 0},
	{"REQUIREAUTH 1", {"REQUIREAUTH=1"}, "REQUIREAUTH", "1", 0, 0},
	{"REQUIREAUTH empty", {"REQUIREAUTH="}, "REQUIREAUTH", "1", 0, 0},
	{"REQUIREAUTH 0 wins over !", {"REQUIREAUTH=0", "SMTPAUTH=!"},
		"REQUIREAUTH", "0", 0, 0},
	{"REQUIREAUTH 0 wins over 587", {"REQUIREAUTH=0", "TCPLOCALPORT=587"},
		"REQUIREAUTH", "0", 0, 0},
	{"REQUIREAUTH 0 wins over -s", {"REQUIREAUTH=0"}, "REQUIREAUTH", "0",
		0, 1},
	{"REQUIREAUTH x", {"REQUIREAUTH=x"}, "REQUIREAUTH", "must be 0 or 1",
		1, 0},
	{"port 587", {"TCPLOCALPORT=587"}, "REQUIREAUTH", "1", 0, 0},
	{"port 465", {"TCPLOCALPORT=465"}, "REQUIREAUTH", "1", 0, 0},
	{"port 25", {"TCPLOCALPORT=25"}, "REQUIREAUTH", "0", 0, 0},
	{"-s", {"TCPLOCALPORT=25"}, "REQUIREAUTH", "1", 0, 1},
	{"SMTPS", {"SMTPS="}, "REQUIREAUTH", "1", 0, 0},
};

static const struct config_case launcher[] = {
	{"TCPREMOTEIP", {"TCPREMOTEIP=192.0.2.7"}, "TCPREMOTEIP",
		"192.0.2.7", 0, 0},
	{"mapped", {"TCPREMOTEIP=::ffff:192.0.2.7"}, "TCPREMOTEIP",
		"192.0.2.7", 0, 0},
	{"mapped, in hex", {"TCPREMOTEIP=::FFFF:c000:207"}, "TCPREMOTEIP",
		"192.0.2.7", 0, 0},
	{"our side mapped", {"TCPLOCALIP=::ffff:192.0.2.8"}, "TCPLOCALIP",
		"192.0.2.8", 0, 0},
	{"IPv6", {"TCPREMOTEIP=2001:db8::7"}, "TCPREMOTEIP", "2001:db8::7", 0,
		0},
	{"IPv6 loopback", {"TCPREMOTEIP=::1"}, "TCPREMOTEIP", "::1", 0, 0},
	{"TCPREMOTEIP empty", {"TCPREMOTEIP="}, "TCPREMOTEIP", "unknown", 0,
		0},
	{"PROTO=SSL", {"PROTO=SSL", "SSLREMOTEIP=192.0.2.1",
		"TCPREMOTEIP=192.0.2.2"}, "TCPREMOTEIP", "192.0.2.1", 0, 0},
	{"PROTO=TCP6", {"PROTO=TCP6", "TCP6REMOTEIP=2001:db8::1",
		"TCPREMOTEIP=192.0.2.2", "TCP6LOCALPORT=587"},
		"TCPLOCALPORT", "587", 0, 0},
	{"PROTO=SSL with TCP names", {"PROTO=SSL", "TCPREMOTEIP=192.0.2.2"},
		"TCPREMOTEIP", "192.0.2.2", 0, 0},
	{"no PROTO, SSL names", {"SSLREMOTEIP=192.0.2.1"}, "TCPREMOTEIP",
		"192.0.2.1", 0, 0},
	{"names do not mix", {"PROTO=SSL", "SSLREMOTEIP=192.0.2.1",
		"TCPREMOTEHOST=mail.example.org"}, "TCPREMOTEHOST", "unknown",
		0, 0},
	{"long PROTO", {"PROTO=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "TCPREMOTEIP=192.0.2.2"},
		"TCPREMOTEIP", "192.0.2.2", 0, 0},
	{"TCPREMOTEHOST", {"TCPREMOTEHOST=mail.example.org"}, "TCPREMOTEHOST",
		"mail.example.org", 0, 0},
	{"TCPREMOTEINFO", {"TCPREMOTEINFO=joe"}, "TCPREMOTEINFO", "joe", 0, 0},
	{"TCPREMOTEPORT", {"TCPREMOTEPORT=1"}, "TCPREMOTEPORT", "1", 0, 0},
	{"TCPLOCALHOST", {"TCPLOCALHOST=mx"}, "TCPLOCALHOST", "mx", 0, 0},
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
		buffer_add_number(out, *(const bool *)member);
		break;
	default:
		text = *(const struct slice *)member;
		buffer_add_slice(
			out, text.data == NULL ? slice_of(ABSENT) : text);
	}
}

/* No variable that counts, no file but a good me. */
static void
start_anew(const struct scratch *s)
{
	static const char *const words_of[] = {"TCP", "TCP6", "SSL"};
	char name[40];

	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->environment != NULL)
			unsetenv(row->environment);
		if (row->file != NULL)
			scratch_remove(s, row->file);
		if (row->type != CONFIG_LAUNCHER ||
			strncmp(row->environment, "TCP", 3) != 0)
			continue;
		for (size_t j = 0; j < 3; j++) {
			snprintf(name, sizeof name, "%s%s", words_of[j],
				row->environment + 3);
			unsetenv(name);
		}
	}
	setenv("CONTROLDIR", s->path, 1);
	scratch_text(s, "me", "mx.example.com\n");
}

static void
set_up(const struct scratch *s, const char *const *given)
{
	char name[100];

	start_anew(s);
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
		int result = config_load(&config, c->smtps);

		snprintf(what, sizeof what, "%s: %s", group, c->what);
		if (c->fails) {
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

/* Each file that config_load reads, in a state that it must not accept. */
static void
check_broken(const struct scratch *s, const char *name, const char *reason,
	const char *state)
{
	struct config config;
	char what[100], file[60];

	snprintf(what, sizeof what, "%s: %s", name, state);
	snprintf(file, sizeof file, "control/%s", name);
	ok(config_load(&config, false) == -1 &&
			strcmp(config.failed_file, file) == 0 &&
			strcmp(config.reason, reason) == 0,
		what);
	scratch_remove(s, name);
}

/* What the variable says counts, and the file is not looked at. */
static void
check_unread(const struct scratch *s, const struct config_row *row)
{
	struct config config;
	char what[100];

	snprintf(what, sizeof what, "%s is not opened when %s is set",
		row->file, row->environment);
	scratch_must(mkdirat(s->fd, row->file, 0755) == 0, "mkdir");
	setenv(row->environment,
		row->type == CONFIG_TEXT		 ? "example.com"
			: row->type == CONFIG_MECHANISMS ? "PLAIN"
							 : "1",
		1);
	ok(config_load(&config, false) == 0, what);
}

static void
check_file(const struct scratch *s, const struct config_row *row)
{
	bool list = row->type == CONFIG_LIST || row->type == CONFIG_MECHANISMS;
	const char *name = row->file;

	start_anew(s);
	scratch_remove(s, name);
	scratch_must(mkdirat(s->fd, name, 0755) == 0, "mkdir");
	check_broken(s, name, "not a regular file", "directory");
	scratch_must(mkfifoat(s->fd, name, 0644) == 0, "mkfifo");
	check_broken(s, name, "not a regular file", "FIFO");
	scratch_must(symlinkat(name, s->fd, name) == 0, "symlink");
	check_broken(s, name, strerror(ELOOP), "loop of links");
	if (row->type != CONFIG_FILE) {
		scratch_write(s, name, "1\0\n", 3);
		check_broken(s, name, "holds a NUL", "NUL");
		scratch_huge(s, name, 8000000);
		check_broken(s, name,
			list ? "larger than 1048576 bytes"
			     : "larger than 4096 bytes",
			"8 MB");
	}
	if (row->environment != NULL)
		check_unread(s, row);
}

static void
check_files(const struct scratch *s)
{
	size_t files = 0;

	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];

		if (row->file == NULL || row->type == CONFIG_PATH)
			continue;
		check_file(s, row);
		files++;
	}
	ok(files == 14, "so many files are read");
}

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

static void
check_lists(const struct scratch *s)
{
	struct config config;

	start_anew(s);
	ok(config_load(&config, false) == 0 && !config.rcpthosts.present &&
			config.morercpthosts_fd == -1,
		"lists: missing");
	scratch_text(s, "rcpthosts", "# ours\nexample.com\n");
	scratch_text(s, "badmailfrom", "");
	scratch_text(s, "badrcptto", "@example.org");
	scratch_text(s, "morercpthosts.cdb", "x");
	ok(config_load(&config, false) == 0, "lists: read");
	is_bytes(config.rcpthosts.text, config.rcpthosts.len, "example.com\n",
		strlen("example.com\n"), "lists: rcpthosts");
	ok(config.badmailfrom.present && config.badmailfrom.len == 0,
		"lists: badmailfrom is empty");
	is_bytes(config.badrcptto.text, config.badrcptto.len,
		"@example.org\n", strlen("@example.org\n"),
		"lists: badrcptto");
	ok(fcntl(config.morercpthosts_fd, F_GETFD) == FD_CLOEXEC,
		"lists: morercpthosts.cdb is open, for nobody else");
	close(config.morercpthosts_fd);
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
		start_anew(s);
		setenv("TLSMIN", versions[i].text, 1);
		ok(config_load(&config, false) == 0 &&
				config.tls_min == versions[i].version,
			"rest: tls_min");
	}
	start_anew(s);
	ok(config_load(&config, false) == 0 && !config.auth_off &&
			!config.relayclient_set && !config.tls_outside,
		"rest: by default");
	setenv("SMTPAUTH", "-", 1);
	setenv("AUTHMECHS", "PLAIN", 1);
	setenv("RELAYCLIENT", "", 1);
	setenv("SSL_PROTOCOL", "TLSv1.3", 1);
	ok(config_load(&config, false) == 0 && config.auth_off,
		"rest: SMTPAUTH=- counts beside AUTHMECHS");
	ok(config.relayclient_set && config.tls_outside,
		"rest: RELAYCLIENT, SSL_PROTOCOL");
	setenv("SMTPAUTH", "0", 1);
	setenv("SSL_PROTOCOL", "", 1);
	ok(config_load(&config, false) == 0 && config.auth_off &&
			!config.tls_outside,
		"rest: SMTPAUTH=0, SSL_PROTOCOL empty");
}

static void
check_failures(const struct scratch *s)
{
	struct config config;
	char text[400];

	start_anew(s);
	setenv("TCPREMOTEIP", "192.0.2.7", 1);
	setenv("SMTPS", "0", 1);
	scratch_remove(s, "me");
	ok(config_load(&config, true) == -1 && config.smtps &&
			slice_is(config.remote_ip, "192.0.2.7"),
		"a failure leaves the client's address and -s");
	setenv("CONTROLDIR", "/nonexistent/control", 1);
	ok(config_load(&config, false) == -1 &&
			strcmp(config.failed_file, "/nonexistent/control") ==
				0 &&
			strcmp(config.reason, strerror(ENOENT)) == 0,
		"no control directory");
	snprintf(text, sizeof text, "%s/me", s->path);
	scratch_text(s, "me", "mx\n");
	setenv("CONTROLDIR", text, 1);
	ok(config_load(&config, false) == -1 &&
			strcmp(config.reason, strerror(ENOTDIR)) == 0,
		"a file for a control directory");
	setenv("CONTROLDIR", "", 1);
	ok(strstr(config_directory(), "/control") != NULL,
		"an empty CONTROLDIR is none");
	memset(text, 'x', 300);
	scratch_write(s, "me", text, 256);
	setenv("CONTROLDIR", s->path, 1);
	ok(config_load(&config, false) == -1 &&
			strcmp(config.reason, "not a host name") == 0,
		"a host name of 256 octets");
	scratch_write(s, "me", text, 255);
	ok(config_load(&config, false) == 0, "one of 255");
}

/* An accepted connection over loopback, or -1; *port: its local port. */
static int
accepted(int family, bool mapped, int *client)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
		.sin6_addr = mapped ? in6addr_any : in6addr_loopback};
	struct sockaddr_in v4 = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *to = (void *)&v4;
	struct sockaddr *at = family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
	int off = 0, listener = socket(family, SOCK_STREAM, 0);

	if (mapped)
		(void)setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &off,
			sizeof off);
	if (bind(listener, at, len) == -1 || listen(listener, 1) == -1 ||
		getsockname(listener, at, &len) == -1) {
		close(listener);
		return -1;
	}
	if (mapped)
		v4.sin_port = v6.sin6_port;
	else
		to = at;
	*client = socket(to->sa_family, SOCK_STREAM, 0);
	len = to->sa_family == AF_INET ? sizeof v4 : sizeof v6;
	scratch_must(connect(*client, to, len) == 0, "connect");
	int fd = accept(listener, NULL, NULL);

	close(listener);
	return fd;
}

static in_port_t
port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;

	scratch_must(getsockname(fd, (void *)&address, &len) == 0, "port");
	return ntohs(address.ss_family == AF_INET
			? ((struct sockaddr_in *)&address)->sin_port
			: ((struct sockaddr_in6 *)&address)->sin6_port);
}

static void
check_socket(const struct scratch *s, int family, bool mapped,
	const char *address, const char *what)
{
	struct config config = {.trace = false};
	int client = -1, fd = accepted(family, mapped, &client);
	char remote[8], local[8];

	start_anew(s);
	if (fd == -1) {
		tap_check(1, "# SKIP no such address here", __FILE__, __LINE__);
		return;
	}
	snprintf(remote, sizeof remote, "%u", port_of(client));
	snprintf(local, sizeof local, "%u", port_of(fd));
	launcher_read(&config, fd);
	ok(slice_is(config.remote_ip, address) &&
			slice_is(config.local_ip, address) &&
			slice_is(config.remote_port, remote) &&
			slice_is(config.local_port, local),
		what);
	setenv("TCPREMOTEIP", "192.0.2.7", 1);
	setenv("TCPREMOTEPORT", "7", 1);
	launcher_read(&config, fd);
	ok(slice_is(config.remote_ip, "192.0.2.7") &&
			slice_is(config.remote_port, "7") &&
			slice_is(config.local_port, local),
		"... only for what the launcher did not say");
	close(fd);
	close(client);
}

static void
check_sockets(const struct scratch *s)
{
	struct config config = {.trace = false};
	int pair[2];

	check_socket(s, AF_INET, false, "127.0.0.1", "an IPv4 socket");
	check_socket(s, AF_INET6, false, "::1", "an IPv6 socket");
	check_socket(s, AF_INET6, true, "127.0.0.1", "a dual-stack socket");
	start_anew(s);
	scratch_must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "pair");
	launcher_read(&config, pair[0]);
	ok(slice_is(config.remote_ip, "unknown") &&
			config.local_port.data == NULL,
		"a socket that is not of the internet");
	close(pair[0]);
	close(pair[1]);
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
	int before = dup(s.fd);

	close(before);
	check_rows();
	CHECK(&s, defaults);
	CHECK(&s, names);
	CHECK(&s, numbers);
	CHECK(&s, words);
	CHECK(&s, mechanisms);
	CHECK(&s, required);
	CHECK(&s, launcher);
	check_files(&s);
	check_lists(&s);
	check_rest(&s);
	check_failures(&s);
	check_sockets(&s);
	int after = dup(s.fd);

	ok(after == before && after != -1, "no descriptor is left open");
	scratch_end(&s);
	return tap_done();
}
