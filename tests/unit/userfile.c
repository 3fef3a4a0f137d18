/* Unit tests of passwd/userfile.c, rewrite.c, compile.c, census.c, record.c. */
#include <cdb.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "passwd/census.h"
#include "passwd/madeup.h"
#include "passwd/record.h"
#include "passwd/userfile.h"
#include "tests/tap.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Password "pencil", salt and keys of RFC 7677 §3. */
#define CRAM                                                                   \
	"{CRAM-MD5}7f47ace0e2af8f6cdeb72c03243a8c87"                           \
	"834e19104164d6a42de72d243adb4080"
#define DIGEST "{DIGEST-MD5}mx.example.org,00112233445566778899aabbccddeeff"
#define CERT                                                                   \
	"{CERT-SHA256}00112233445566778899aabbccddeeff"                        \
	"00112233445566778899aabbccddeeff"
#define PENCIL                                                                 \
	"{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,"                        \
	"WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"                        \
	"wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define KEY "# smtpd-key AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"

static char warnings[4096];

/* A comment has none. */
static const char *
fault_of(const struct userfile_line *line)
{
	struct user user;

	return line->login.data == NULL ? NULL : userfile_parse(line, &user);
}

static void
warn(const char *message)
{
	size_t len = strlen(warnings);

	(void)snprintf(warnings + len, sizeof warnings - len, "%s\n", message);
}

/* Is text the whole of the file? */
static int
file_is(const char *name, const char *text)
{
	char read_text[8192];
	FILE *file = fopen(name, "r");
	size_t len;

	if (file == NULL)
		return 0;
	len = fread(read_text, 1, sizeof read_text, file);
	(void)fclose(file);
	return len == strlen(text) && memcmp(read_text, text, len) == 0;
}

static void
write_file(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
		(void)puts("Bail out! cannot write a file");
		exit(1);
	}
}

/* The record of key in authusers.cdb, "" when it has none. */
static const char *
compiled(const char *key)
{
	static char data[8192];
	int fd = open("authusers.cdb", O_RDONLY);
	struct cdb cdb;

	data[0] = '\0';
	if (fd < 0 || cdb_init(&cdb, fd) < 0)
		return data;
	if (cdb_find(&cdb, key, (unsigned)strlen(key)) > 0 &&
		cdb_datalen(&cdb) < sizeof data) {
		(void)cdb_readdata(&cdb, data);
		data[cdb_datalen(&cdb)] = '\0';
	}
	cdb_free(&cdb);
	(void)close(fd);
	return data;
}

/* Opens, changes, closes; the message stays in f. */
static int
change(struct userfile *f, const char *login, const char *record,
	struct census *census)
{
	struct userfile_edit edit = {.login = slice_of(login),
		.record = slice_of(record),
		.lenient = login != NULL && record == NULL};
	int result;

	warnings[0] = '\0';
	if (userfile_open(f, "authusers", true, warn) != 0)
		return -1;
	result = userfile_change(f, &edit, census);
	userfile_close(f);
	return result;
}

static void
test_lines(void)
{
	static const struct {
		const char *text, *login, *record, *what;
	} rows[] = {
		{"joe:x\n", "joe", "x", "a user's line"},
		{"joe:x", "joe", "x", "a line without LF at the end"},
		{"joe:\n", "joe", "", "an empty record"},
		{"joe\n", "joe", NULL, "no colon: no record"},
		{"# joe:x\n", NULL, NULL, "a comment"},
		{"\n", NULL, NULL, "an empty line"},
		{":x\n", "", "x", "an empty login"},
		{"joe:x\r\n", "joe", "x", "a line that ends in CR LF"},
		{"joe:x\r", "joe", "x", "in CR alone, the last one"},
		{"\r\n", NULL, NULL, "an empty one of CR LF"},
		{"# joe:x\r\n", NULL, NULL, "a comment of CR LF"},
		{"\xef\xbb\xbfjoe:x\n", "joe", "x", "behind a byte order mark"},
		{"\xef\xbb\xbf# joe:x\n", NULL, NULL, "a comment behind one"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct userfile_cursor at = {0};
		struct userfile_line line;
		struct slice text = slice_of(rows[i].text);
		bool good =
			userfile_next(text, &at, &line) && at.line == 1 &&
			at.offset == text.len &&
			(line.login.data == NULL) == (rows[i].login == NULL) &&
			(line.record.data == NULL) ==
				(rows[i].record == NULL) &&
			slice_equal(line.login, slice_of(rows[i].login)) &&
			slice_equal(line.record, slice_of(rows[i].record));

		ok(good && !userfile_next(text, &at, &line), rows[i].what);
	}
}

static void
test_faults(void)
{
	static const struct {
		const char *line, *fault;
	} rows[] = {
		{"joe@example.com:x", NULL},
		{"Joe:x", NULL},
		{"# :::::::::::", NULL},
		{"", NULL},
		{"joe:1:2:3:4:5:6:7", NULL},
		{"joe", "no colon"},
		{":x", "empty login"},
		{"joe:1:2:3:4:5:6:userdb_quota_rule=*:storage=1G x=a:b", NULL},
		{"j oe:x", "login holds a blank or control character"},
		{"j\toe:x", "login holds a blank or control character"},
		{"joe\x7f:x", "login holds a blank or control character"},
		{"joe:x\r", NULL},
		{"joe:x\ry", "line holds a CR"},
		{"jo\re:x", "line holds a CR"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct userfile_cursor at = {0};
		struct userfile_line line = {{"", 0}, {NULL, 0}, {NULL, 0}};
		const char *fault;

		(void)userfile_next(slice_of(rows[i].line), &at, &line);
		fault = fault_of(&line);
		ok(rows[i].fault == NULL
				? fault == NULL
				: fault != NULL &&
					  strcmp(fault, rows[i].fault) == 0,
			rows[i].fault == NULL ? rows[i].line : rows[i].fault);
	}
}

static void
test_sizes(void)
{
	static const struct {
		size_t login, record;
		bool good;
		const char *what;
	} rows[] = {
		{USERS_LOGIN_MAX, 1, true, "the longest login"},
		{USERS_LOGIN_MAX + 1, 1, false, "a login too long by one"},
		{1, USERS_RECORD_MAX, true, "the longest record"},
		{1, USERS_RECORD_MAX + 1, false, "a record too long by one"},
	};
	static char text[USERS_RECORD_MAX + USERS_LOGIN_MAX + 8];

	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t len = rows[i].login + 1 + rows[i].record;
		struct userfile_cursor at = {0};
		struct userfile_line line;

		memset(text, 'a', len);
		text[rows[i].login] = ':';
		(void)userfile_next((struct slice){text, len}, &at, &line);
		ok((fault_of(&line) == NULL) == rows[i].good, rows[i].what);
	}
	memcpy(text, "a:\0b", 4);
	{
		struct userfile_cursor at = {0};
		struct userfile_line line;

		(void)userfile_next((struct slice){text, 4}, &at, &line);
		ok(fault_of(&line) != NULL, "a NUL");
	}
	ok(userfile_login_fault(slice_of("#joe")) != NULL, "a login like #joe");
}

/* What stands around the secrets; "*" in expected stands for one. */
static int
matches(struct slice record, const char *expected)
{
	static const char ends[] = ": ";
	size_t at = 0;

	for (; *expected != '\0'; expected++) {
		if (*expected != '*') {
			if (at >= record.len || record.data[at] != *expected)
				return 0;
			at++;
			continue;
		}
		if (at >= record.len || record.data[at] != '{')
			return 0;
		while (at < record.len && strchr(ends, record.data[at]) == NULL)
			at++;
	}
	return at == record.len;
}

static void
test_record(void)
{
	static const struct {
		const char *old, *expected, *what;
	} rows[] = {
		{NULL, "*:::smtp_secret_scram-sha-1=*:::", "a new user"},
		{"x", "*:::smtp_secret_scram-sha-1=*", "one field"},
		{"!x:1:2:Joe Doe:/home:/bin/sh:a=b",
			"*:1:2:Joe Doe smtp_secret_scram-sha-1=*:"
			"/home:/bin/sh:a=b",
			"other fields stay, the disabled mark goes"},
		{"x:::a  b smtp_secret_scram-sha-1=old smtp_sender=@x "
		 "smtp_secret_cram-md5=old c:::",
			"*:::a  b smtp_sender=@x c "
			"smtp_secret_scram-sha-1=*:::",
			"the old password's other forms go, words stay"},
		{"x:::smtp_secret_digest-md5=old:::",
			"*:::smtp_secret_scram-sha-1=*:::",
			"a lone other form leaves no blank"},
		{"x:::smtp_secret_phone=y:::",
			"*:::smtp_secret_phone=y smtp_secret_scram-sha-1=*:::",
			"an app password stays"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[USERS_RECORD_MAX];
		struct buffer b = BUFFER_OVER(text);
		struct record_password p = {
			.password = slice_of("pencil"), .iterations = 4096};

		ok(record_set_password(&b, slice_of(rows[i].old), &p) == 0 &&
				matches(buffer_slice(&b), rows[i].expected),
			rows[i].what);
	}
}

static void
test_shared_salt(void)
{
	static const char app[] = "x:::smtp_secret_phone=" PENCIL ":::";
	char text[USERS_RECORD_MAX];
	struct buffer b = BUFFER_OVER(text);
	struct record_password p = {
		.password = slice_of("pencil"), .iterations = 20000};

	ok(record_set_password(&b, slice_of(app), &p) == 0 &&
			p.iterations == 4096 && b.len > strlen(PENCIL),
		"the app password's iterations are taken");
	is_bytes(b.data, strlen(PENCIL), PENCIL, strlen(PENCIL),
		"its salt too, and the keys are those of RFC 7677");
}

static void
test_change(void)
{
	struct userfile f;
	struct census census;

	ok(change(&f, "joe", "x{:", &census) == 0, "a user in no file yet");
	ok(strncmp(compiled("joe"), "x{:", 4) == 0, "is in the cdb");
	write_file("authusers", KEY "# note\nann:" PENCIL ":7\nJOE:y\nbob:z");
	ok(change(&f, "joe", PENCIL, &census) == 0, "one of three changes");
	ok(file_is("authusers",
		   KEY "# note\nann:" PENCIL ":7\njoe:" PENCIL "\nbob:z"),
		"everything else stays, octet for octet");
	ok(change(&f, "new", PENCIL, &census) == 0, "a fourth");
	ok(file_is("authusers", KEY "# note\nann:" PENCIL ":7\njoe:" PENCIL
				    "\nbob:z\nnew:" PENCIL "\n"),
		"is added at the end, after an LF that was missing");
	ok(change(&f, "ann", NULL, &census) == 0 && compiled("ann")[0] == '\0',
		"a user is deleted");
	ok(strcmp(compiled("bob"), "z") == 0, "another is still there");
	ok(strstr(compiled("#site"),
		   "1 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= 4096 16 ") ==
			compiled("#site"),
		"#site: the text's key, the commonest count and salt");
	write_file("authusers", "# x\nann:" PENCIL "\n");
	ok(change(&f, NULL, NULL, &census) == 0 &&
			file_is("authusers", "# x\nann:" PENCIL "\n" KEY),
		"a key that the text lost comes back from the cdb");
}

static void
test_bad_lines(void)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"ann:x\nbad\n", "authusers:2: no colon"},
		{"ann:x\n\n#\nAnn:y\n",
			"authusers:4: duplicate login, first on line 1"},
		{"# smtpd-key AAAA\n",
			"authusers:1: smtpd-key is not the base64 of 32 "
			"octets"},
		{"a b:x\n", "authusers:1: login holds a blank or control "
			    "character"},
	};
	struct userfile f;
	struct census census;

	write_file("authusers", KEY "good:" PENCIL "\n");
	(void)change(&f, NULL, NULL, &census);
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file("authusers", rows[i].text);
		ok(change(&f, NULL, NULL, &census) == -1 &&
				strcmp(f.message, rows[i].message) == 0,
			rows[i].message);
		ok(file_is("authusers", rows[i].text) &&
				compiled("good")[0] == '{' &&
				access("authusers.new", F_OK) != 0,
			"text and cdb are as they were, nothing is left over");
	}
	write_file("authusers", KEY "bad\ngood:" PENCIL "\nann:" PENCIL "\n");
	ok(change(&f, "ann", NULL, &census) == 0 &&
			strcmp(warnings, "authusers:2: no colon\n") == 0 &&
			file_is("authusers", KEY "bad\ngood:" PENCIL "\n"),
		"deleting works beside a bad line, with a warning");
	ok(compiled("ann")[0] == '\0' && compiled("good")[0] == '{',
		"and the cdb holds the good ones that are left");
}

static void
test_editor(void)
{
	struct userfile_edit edit = {
		.login = slice_of("joe"), .record = slice_of(PENCIL)};
	struct userfile f;
	struct census census;

	write_file("authusers", KEY);
	ok(userfile_open(&f, "authusers", true, warn) == 0, "opened");
	write_file("authusers", KEY "# saved by an editor meanwhile\n");
	ok(userfile_change(&f, &edit, &census) == -1 &&
			file_is("authusers",
				KEY "# saved by an editor meanwhile\n"),
		"what was saved meanwhile is not overwritten");
	userfile_close(&f);
}

static void
test_census(void)
{
	static const struct {
		const char *text, *mechs;
		bool mixed;
		const char *what;
	} rows[] = {
		{"", "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN", false,
			"no users: every mechanism"},
		{"a:" PENCIL "\n", "SCRAM-SHA-256 PLAIN LOGIN", false,
			"SCRAM-SHA-256 alone"},
		{"a:" PENCIL "\nb:$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/\n",
			"PLAIN LOGIN", true, "SCRAM and crypt"},
		{"a:" PENCIL "\nb:!{PLAIN}x\n", "SCRAM-SHA-256 PLAIN LOGIN",
			false, "a disabled user does not count"},
		{"a:" PENCIL "\nb:{MYSTERY}x\n", "SCRAM-SHA-256 PLAIN LOGIN",
			false, "an unknown scheme does not count"},
		{"a:" PENCIL ":::smtp_secret_phone=" PENCIL "\n",
			"SCRAM-SHA-256 PLAIN LOGIN", false,
			"an app password that shares the salt costs nothing"},
		{"a:{PLAIN}x:::smtp_secret_phone={PLAIN}y\n", "PLAIN LOGIN",
			true, "one more secret to try costs more"},
		{"a:{PLAIN}x\nb:{PLAIN}y\n", "PLAIN LOGIN", false,
			"clear passwords alone"},
		{"a:" CRAM "\nb:" CRAM "\n", "PLAIN LOGIN", false,
			"CRAM-MD5 alone: it is not offered unasked"},
		{"a:" PENCIL "\nb:" CRAM "\n", "PLAIN LOGIN", true,
			"SCRAM and CRAM-MD5"},
		{"a:" PENCIL ":::smtp_secret_cram-md5=" CRAM "\n",
			"SCRAM-SHA-256 PLAIN LOGIN", false,
			"another form of the password is not tried"},
		{"a:" PENCIL ":::smtp_secret_digest-md5=" DIGEST
		 " smtp_secret_laptop=" CERT "\n",
			"SCRAM-SHA-256 PLAIN LOGIN", false,
			"nor what cannot check a password"},
		{"a::::smtp_secret_laptop=" CERT "\nb:" PENCIL "\n", "", true,
			"a certificate alone: no password"},
	};
	struct userfile f;
	struct census census;

	for (size_t i = 0; i < COUNT(rows); i++) {
		write_file("authusers", rows[i].text);
		ok(change(&f, NULL, NULL, &census) == 0 &&
				strcmp(compiled("#mechs"), rows[i].mechs) == 0,
			rows[i].what);
		ok((census_floor_ms(&census) > 0) == rows[i].mixed,
			"and the floor accordingly");
	}
	write_file("authusers", "a:" CRAM "\nb:!{PLAIN}x:::smtp_secret_l=" CERT
				"\nc:" PENCIL "\n");
	ok(change(&f, NULL, NULL, &census) == 0 &&
			strcmp(compiled("#some"),
				"SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5 "
				"SCRAM-SHA-256-PLUS") == 0,
		"what some can do; who is disabled does not count");
	write_file("authusers", "");
	ok(change(&f, NULL, NULL, &census) == 0 &&
			strcmp(compiled("#some"), "") == 0,
		"nobody: nothing");
	write_file("authusers", "a:" PENCIL "\nb:{MYSTERY}x\n");
	(void)change(&f, NULL, NULL, &census);
	ok(strcmp(warnings, "authusers:2: no secret of a known scheme: cannot "
			    "log in\n") == 0,
		"a user who cannot log in: a warning with his line");
}

/* The server must be able to read what is written, whatever is common. */
static void
test_site(void)
{
	static const struct {
		const char *text, *what;
	} rows[] = {
		{"a:" PENCIL "\n", "SCRAM-SHA-256"},
		{"a:{SCRAM-SHA-1}1,"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAA==,AAAAAAAAAAAAAAAAAAAAAAAAAAA=,"
		 "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
			"the longest salt"},
		{"a:$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/\n", "crypt"},
		{"a:*\n", "a locked account"},
		{"a:{PLAIN}x\n", "a clear password"},
		{"a:" CRAM "\n", "CRAM-MD5"},
		{"a::::smtp_secret_laptop=" CERT "\n", "a certificate"},
		{"a:nonsense\n", "no hash at all"},
	};
	struct userfile f;
	struct census census;
	struct site site;

	for (size_t i = 0; i < COUNT(rows); i++) {
		int fd;

		write_file("authusers", rows[i].text);
		ok(change(&f, NULL, NULL, &census) == 0, rows[i].what);
		fd = open("authusers.cdb", O_RDONLY);
		ok(fd >= 0 && users_site(fd, &site) == USERS_FOUND &&
				site.scram_iterations > 0,
			"and the server reads its #site");
		(void)close(fd);
	}
}

static void
test_made_up(void)
{
	static const struct {
		const char *crypt, *salt;
	} rows[] = {
		{"$6$saltsalt$hash", "saltsalt"},
		{"$5$rounds=9000$salt$hash", "salt"},
		{"$y$j9T$saltsalt$hash", "saltsalt"},
		{"$2b$10$abcdefghijklmnopqrstuvHASH", "abcdefghijklmnopqrstuv"},
		{"$7$CU..../....salt$hash", "salt"},
		{"_J9..saltHASH", "salt"},
		{"abHASH", "ab"},
		{"$", ""},
		{"$2", ""},
		{"", ""},
	};
	struct census_class class = {.kind = SECRET_CRYPT};
	char text[CENSUS_SITE_MAX];
	struct buffer b = BUFFER_OVER(text);
	static const char old[] = "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/";

	for (size_t i = 0; i < COUNT(rows); i++)
		ok(slice_is(madeup_crypt_salt(slice_of(rows[i].crypt)),
			   rows[i].salt),
			rows[i].crypt);
	memcpy(class.text, old, strlen(old));
	class.text_len = strlen(old);
	ok(madeup_secret(&class, slice_of("the site key"), &b) == 0 &&
			b.len == strlen(old) && memcmp(b.data, old, 3) == 0 &&
			memcmp(b.data + 3, old + 3, strlen(old) - 3) != 0,
		"a made-up crypt string: same setting, other salt and hash");
}

int
main(void)
{
	char directory[] = "/tmp/userfile.XXXXXX";

	if (mkdtemp(directory) == NULL || chdir(directory) != 0) {
		(void)puts("Bail out! no directory");
		return 1;
	}
	test_lines();
	test_faults();
	test_sizes();
	test_record();
	test_shared_salt();
	test_change();
	test_bad_lines();
	test_editor();
	test_census();
	test_site();
	test_made_up();
	(void)unlink("authusers");
	(void)unlink("authusers.cdb");
	(void)unlink("authusers.lock");
	ok(rmdir(directory) == 0, "no other file is left behind");
	return tap_done();
}
