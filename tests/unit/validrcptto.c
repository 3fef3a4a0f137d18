/*
 * Unit test of control/validrcptto: which recipients there are. The cdb is
 * written by the program cdb, from lines as qmail-newmvrt makes records.
 */
#include "control/validrcptto.h"

#include "tests/scratch.h"
#include "tests/tap.h"

static const char list[] = "# ours\n"
			   "joe@example.com\n"
			   "-gone@all.example  \n"
			   "@all.example\n"
			   "both@no.example\n"
			   "-@no.example\n"
			   "-postmaster@strict.example\n"
			   "-@mute.example\n"
			   "-one@example.com\n"
			   "Upper@example.com\n"
			   "@\n";

static const struct row {
	const char *recipient;
	enum validrcptto_result result;
} rows[] = {
	{"joe@example.com", VALIDRCPTTO_YES},
	{"JOE@Example.COM", VALIDRCPTTO_YES},
	{"joe@example.com.", VALIDRCPTTO_UNLISTED},
	{"xjoe@example.com", VALIDRCPTTO_UNLISTED},
	{"ann@example.com", VALIDRCPTTO_UNLISTED},
	{"joe", VALIDRCPTTO_UNLISTED},
	{"", VALIDRCPTTO_UNLISTED},
	{"upper@example.com", VALIDRCPTTO_UNLISTED},
	{"Upper@example.com", VALIDRCPTTO_UNLISTED},
	{"any@all.example", VALIDRCPTTO_YES},
	{"any@ALL.example", VALIDRCPTTO_YES},
	{"gone@all.example", VALIDRCPTTO_NO},
	{"Gone@all.example", VALIDRCPTTO_NO},
	{"any@sub.all.example", VALIDRCPTTO_UNLISTED},
	{"both@no.example", VALIDRCPTTO_YES},
	{"any@no.example", VALIDRCPTTO_NO},
	{"a@b@all.example", VALIDRCPTTO_YES},
	{"-gone@all.example", VALIDRCPTTO_YES}, /* by its domain */
	{"-any@no.example", VALIDRCPTTO_NO},
	{"-@mute.example", VALIDRCPTTO_NO},
	{"-one@example.com", VALIDRCPTTO_UNLISTED},
	{"one@example.com", VALIDRCPTTO_NO},
	{"x@", VALIDRCPTTO_YES},
	/* Always there, unless refused by name. */
	{"postmaster", VALIDRCPTTO_YES},
	{"PostMaster", VALIDRCPTTO_YES},
	{"postmaster@example.com", VALIDRCPTTO_YES},
	{"Postmaster@mute.example", VALIDRCPTTO_YES},
	{"postmaster@strict.example", VALIDRCPTTO_NO},
	{"postmasters@example.com", VALIDRCPTTO_UNLISTED},
};

static void
look_up(struct validrcptto *v, const char *how)
{
	char what[200];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		snprintf(what, sizeof what, "%s: <%s>", how, rows[i].recipient);
		ok(validrcptto_find(v, slice_of(rows[i].recipient)) ==
				rows[i].result,
			what);
	}
}

/* A cdb of the lines that are no comments, by Debian's cdb. */
static void
compile(const struct scratch *s, const char *text)
{
	char command[512];
	struct slice rest = slice_of(text);

	snprintf(command, sizeof command, "cdb -c %s/%s", s->path,
		VALIDRCPTTO_CDB);
	FILE *cdb = popen(command, "w");

	scratch_must(cdb != NULL, "popen");
	while (rest.data != NULL) {
		struct slice line = slice_split(&rest, '\n');

		while (line.len > 0 && line.data[line.len - 1] == ' ')
			line.len--;
		if (line.len > 0 && line.data[0] != '#')
			fprintf(cdb, "+%zu,0:%.*s->\n", line.len, (int)line.len,
				line.data);
	}
	fputs("\n", cdb);
	scratch_must(pclose(cdb) == 0, "cdb -c");
}

static int
open_anew(struct validrcptto *v, const struct scratch *s)
{
	return validrcptto_open(v, s->path);
}

static void
check_tables(const struct scratch *s)
{
	struct validrcptto v;

	ok(open_anew(&v, s) == 0 && !v.positive && v.cdb == -1, "none");
	ok(validrcptto_find(&v, slice_of("a@example.com")) ==
			VALIDRCPTTO_UNLISTED,
		"none: unlisted");
	scratch_text(s, VALIDRCPTTO_TEXT, list);
	ok(open_anew(&v, s) == 0 && v.positive, "text");
	look_up(&v, "text");
	scratch_remove(s, VALIDRCPTTO_TEXT);
	compile(s, list);
	ok(open_anew(&v, s) == 0 && v.positive && v.cdb != -1, "cdb");
	look_up(&v, "cdb");
	close(v.cdb);
	/* Half of it there, half of it here. */
	scratch_text(s, VALIDRCPTTO_TEXT, strstr(list, "@all.example\n"));
	compile(s, "joe@example.com\n-gone@all.example\n");
	ok(open_anew(&v, s) == 0 && v.positive, "both");
	look_up(&v, "both");
	close(v.cdb);
}

/* Positive entries say that there is nobody else. */
static void
check_positive(const struct scratch *s)
{
	static const struct {
		const char *text, *cdb;
		bool positive;
	} cases[] = {
		{"", "", false},
		{"# -\n\n", "", false},
		{"-a@example.com\n-@b.example\n", "", false},
		{"-a@example.com\nb@example.com\n", "", true},
		{"", "-a@example.com\n-b@example.com\n", false},
		{"", "-a@example.com\n-b@example.com\n@c.example\n", true},
		{"-x@example.com\n", "a@example.com\n", true},
	};
	struct validrcptto v;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scratch_text(s, VALIDRCPTTO_TEXT, cases[i].text);
		compile(s, cases[i].cdb);
		ok(open_anew(&v, s) == 0 && v.positive == cases[i].positive,
			"positive, or not");
		ok((v.cdb == -1) == (cases[i].cdb[0] == '\0'),
			"a cdb without a record is as good as none");
		if (v.cdb != -1)
			close(v.cdb);
	}
}

/* Where none is positive all are looked at. */
static void
check_many(const struct scratch *s)
{
	static char many[4000000];
	size_t len = 0;
	struct validrcptto v;

	for (unsigned i = 0; i < 150000; i++)
		len += (size_t)snprintf(many + len, sizeof many - len,
			"-user%u@example.com\n", i);
	scratch_text(s, VALIDRCPTTO_TEXT, "");
	compile(s, many);
	ok(open_anew(&v, s) == 0 && !v.positive && v.cdb != -1,
		"many, all negative");
	ok(validrcptto_find(&v, slice_of("user149999@example.com")) ==
			VALIDRCPTTO_NO,
		"many: the last");
	close(v.cdb);
	snprintf(many + len, sizeof many - len, "joe@example.com\n");
	compile(s, many);
	ok(open_anew(&v, s) == 0 && v.positive, "many, the last positive");
	close(v.cdb);
}

static void
check_broken(const struct scratch *s)
{
	static char large[CONTROL_LIST_MAX + 1];
	struct validrcptto v;
	static const unsigned char slots[2048] = {0, 8, 0, 0, 1, 0, 0, 0};
	unsigned char cut[2060];

	memset(large, '\n', sizeof large);
	scratch_write(s, VALIDRCPTTO_TEXT, large, sizeof large - 1);
	scratch_write(s, VALIDRCPTTO_CDB, "", 0);
	ok(open_anew(&v, s) == 0 && v.cdb == -1,
		"1 MiB of text, and a cdb of no octet");
	scratch_write(s, VALIDRCPTTO_TEXT, large, sizeof large);
	ok(open_anew(&v, s) == -1 && strcmp(v.file, VALIDRCPTTO_TEXT) == 0 &&
			strstr(v.reason, VALIDRCPTTO_CDB) != NULL,
		"an octet more: the cdb is named");
	scratch_write(s, VALIDRCPTTO_TEXT, "a\0b", 3);
	ok(open_anew(&v, s) == -1 && strcmp(v.reason, "holds a NUL") == 0,
		"a NUL");
	scratch_text(s, VALIDRCPTTO_TEXT, "");
	scratch_text(s, VALIDRCPTTO_CDB, "no cdb");
	ok(open_anew(&v, s) == -1 && strcmp(v.file, VALIDRCPTTO_CDB) == 0,
		"a cdb that is none");
	/* A table within the head, which lies before any record. */
	scratch_write(s, VALIDRCPTTO_CDB, slots, sizeof slots);
	ok(open_anew(&v, s) == 0, "a table, and no record before it");
	memset(cut, 0, sizeof cut);
	cut[0] = 0;
	cut[1] = 9; /* the table at 2304 */
	cut[4] = 1;
	scratch_write(s, VALIDRCPTTO_CDB, cut, sizeof cut - 8);
	ok(open_anew(&v, s) == -1, "cut short");
	memset(cut + 2048, 0xff, 12);
	scratch_write(s, VALIDRCPTTO_CDB, cut, sizeof cut);
	ok(open_anew(&v, s) == -1, "a key longer than the file");
	/* Good at its opening, broken where it is looked up. */
	compile(s, "joe@example.com\n");
	ok(open_anew(&v, s) == 0, "a good one");
	scratch_write(s, VALIDRCPTTO_CDB, "cut", 3);
	ok(validrcptto_find(&v, slice_of("joe@example.com")) ==
				VALIDRCPTTO_BROKEN &&
			strcmp(v.file, VALIDRCPTTO_CDB) == 0,
		"cut under our hands");
	close(v.cdb);
}

int
main(void)
{
	struct scratch s;

	scratch_make(&s);
	check_tables(&s);
	check_positive(&s);
	check_many(&s);
	check_broken(&s);
	scratch_end(&s);
	return tap_done();
}
