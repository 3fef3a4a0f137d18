/* Unit test of control/control: what a control file may look like. */
#include "control/control.h"

#include <errno.h>
#include <sys/wait.h>

#include "tests/scratch.h"
#include "tests/tap.h"

#define NOBODY 65534
#define TEXT(s) (s), sizeof(s) - 1

static const struct line_case {
	const char *what;
	const char *text;
	size_t len;
	const char *value; /* NULL: missing */
} lines[] = {
	{"one line", TEXT("mx.example.com\n"), "mx.example.com"},
	{"no final newline", TEXT("mx.example.com"), "mx.example.com"},
	{"CR LF", TEXT("mx.example.com\r\nsecond\r\n"), "mx.example.com"},
	{"CR at the end", TEXT("mx.example.com\r"), "mx.example.com"},
	{"trailing blanks", TEXT("mx.example.com \t \t\n"), "mx.example.com"},
	{"trailing blanks, no newline", TEXT("a b \t"), "a b"},
	{"leading blanks stay", TEXT("  a\n"), "  a"},
	{"a CR within stays", TEXT("a\rb\n"), "a\rb"},
	{"second line ignored", TEXT("one\ntwo\n"), "one"},
	{"comments first", TEXT("# one\n#\n# two\nthree\n"), "three"},
	{"a # later is text", TEXT("a # b\n"), "a # b"},
	{"an indented # is text", TEXT(" # b\n"), " # b"},
	{"empty file", TEXT(""), NULL},
	{"empty first line", TEXT("\nsecond\n"), NULL},
	{"blank first line", TEXT(" \t\r\nsecond\n"), NULL},
	{"empty line after a comment", TEXT("# one\n\nthree\n"), NULL},
	{"only comments", TEXT("# one\n# two\n"), NULL},
	{"a comment without newline", TEXT("# one"), NULL},
};

static const struct list_case {
	const char *what;
	const char *text;
	size_t len;
	const char *kept;
} lists[] = {
	{"two lines", TEXT("a\nb\n"), "a\nb\n"},
	{"no final newline", TEXT("a\nb"), "a\nb\n"},
	{"one letter", TEXT("a"), "a\n"},
	{"CR LF", TEXT("a\r\nb\r\n"), "a\nb\n"},
	{"comments", TEXT("# 1\na\n#2\nb\n#"), "a\nb\n"},
	{"blank lines", TEXT("\n\n a\n \t\r\n\nb\n\n"), " a\nb\n"},
	{"trailing blanks", TEXT("a \nb\t\nc d\t "), "a\nb\nc d\n"},
	{"8-bit", TEXT("\xc3\xa9@example.org\n"), "\xc3\xa9@example.org\n"},
	{"empty file", TEXT(""), ""},
	{"only comments", TEXT("# 1\n"), ""},
	{"one LF", TEXT("\n"), ""},
};

static void
check_lines(const struct scratch *s)
{
	struct slice value;
	const char *reason;

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		const struct line_case *c = &lines[i];

		scratch_write(s, "f", c->text, c->len);
		enum control_result result =
			control_line(s->fd, "f", &value, &reason);

		if (c->value == NULL)
			ok(result == CONTROL_MISSING && value.data == NULL,
				c->what);
		else
			ok(result == CONTROL_OK && slice_is(value, c->value),
				c->what);
	}
}

static void
check_lists(const struct scratch *s)
{
	struct control_list list;
	const char *reason;

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct list_case *c = &lists[i];

		scratch_write(s, "f", c->text, c->len);
		ok(control_list(s->fd, "f", &list, &reason) == CONTROL_OK &&
				list.present,
			c->what);
		is_bytes(list.text, list.len, c->kept, strlen(c->kept),
			"... its lines");
	}
}

static void
check_next(const struct scratch *s)
{
	struct control_list list, none = {.present = false};
	struct slice line;
	const char *reason;
	size_t at = 0;

	scratch_text(s, "f", "a\n#\n\nbc");
	(void)control_list(s->fd, "f", &list, &reason);
	ok(control_next(&list, &at, &line) && slice_is(line, "a"), "first");
	ok(control_next(&list, &at, &line) && slice_is(line, "bc"), "second");
	ok(!control_next(&list, &at, &line), "no third");
	ok(!control_next(&list, &at, &line), "and none after that");
	at = 0;
	ok(!control_next(&none, &at, &line), "a missing file has no line");
}

/* Both readers and control_open say the same of what is no good. */
static void
check_all(const struct scratch *s, enum control_result result,
	const char *reason, const char *what)
{
	struct slice value = {"", 0};
	struct control_list list = {.present = true};
	const char *why[3] = {"", "", ""};
	char text[200];
	int fd = 1;

	snprintf(text, sizeof text, "%s: control_line", what);
	ok(control_line(s->fd, "f", &value, &why[0]) == result &&
			strcmp(why[0], reason) == 0 && value.data == NULL,
		text);
	snprintf(text, sizeof text, "%s: control_list", what);
	ok(control_list(s->fd, "f", &list, &why[1]) == result &&
			strcmp(why[1], reason) == 0 && !list.present &&
			list.len == 0,
		text);
	snprintf(text, sizeof text, "%s: control_open", what);
	ok(control_open(s->fd, "f", &fd, &why[2]) == result &&
			strcmp(why[2], reason) == 0 && fd == -1,
		text);
	scratch_remove(s, "f");
}

static void
check_kinds(const struct scratch *s)
{
	scratch_remove(s, "f");
	check_all(s, CONTROL_MISSING, "", "missing");
	scratch_must(symlinkat("nowhere", s->fd, "f") == 0, "symlink");
	check_all(s, CONTROL_MISSING, "", "dangling link");
	scratch_must(mkdirat(s->fd, "f", 0755) == 0, "mkdir");
	check_all(s, CONTROL_BROKEN, "not a regular file", "directory");
	scratch_must(mkfifoat(s->fd, "f", 0644) == 0, "mkfifo");
	check_all(s, CONTROL_BROKEN, "not a regular file", "FIFO");
	scratch_must(symlinkat("/dev/null", s->fd, "f") == 0, "symlink");
	check_all(s, CONTROL_BROKEN, "not a regular file", "device");
	scratch_must(symlinkat("f", s->fd, "f") == 0, "symlink");
	check_all(s, CONTROL_BROKEN, strerror(ELOOP), "loop of links");
}

static int
denied(const struct scratch *s)
{
	struct slice value;
	struct control_list list;
	const char *why[2] = {"", ""};

	if (control_line(s->fd, "f", &value, &why[0]) != CONTROL_BROKEN ||
		strcmp(why[0], "access denied") != 0)
		return 1;
	if (control_list(s->fd, "f", &list, &why[1]) != CONTROL_BROKEN ||
		strcmp(why[1], "access denied") != 0)
		return 2;
	return 0;
}

/* Root reads everything, so a child becomes somebody else. */
static void
check_denied(const struct scratch *s)
{
	int status = -1;

	scratch_text(s, "f", "secret\n");
	scratch_must(fchmodat(s->fd, "f", 0, 0) == 0, "chmod");
	fflush(stdout);
	pid_t child = fork();

	if (child == 0)
		_exit(geteuid() == 0 && setuid(NOBODY) == -1 ? 3 : denied(s));
	scratch_must(child > 0 && waitpid(child, &status, 0) == child, "fork");
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "access denied");
	scratch_remove(s, "f");
}

static void
check_nul(const struct scratch *s)
{
	static const struct {
		const char *what, *text;
		size_t len;
	} cases[] = {{"NUL in a value", TEXT("a\0b\n")},
		{"NUL at the start", TEXT("\0\n")},
		{"NUL at the end", TEXT("a\n\0")},
		{"NUL in a comment", TEXT("#\0\na\n")}};
	struct slice value;
	struct control_list list;
	const char *reason;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		scratch_write(s, "f", cases[i].text, cases[i].len);
		reason = "";
		ok(control_line(s->fd, "f", &value, &reason) ==
					CONTROL_BROKEN &&
				strcmp(reason, "holds a NUL") == 0,
			cases[i].what);
		reason = "";
		ok(control_list(s->fd, "f", &list, &reason) == CONTROL_BROKEN &&
				strcmp(reason, "holds a NUL") == 0,
			cases[i].what);
	}
}

static void
check_sizes(const struct scratch *s)
{
	static char text[CONTROL_LIST_MAX + 1];
	struct slice value;
	struct control_list list;
	const char *reason = "";

	memset(text, 'x', sizeof text);
	scratch_write(s, "f", text, CONTROL_LINE_MAX);
	ok(control_line(s->fd, "f", &value, &reason) == CONTROL_OK &&
			value.len == CONTROL_LINE_MAX,
		"a line of 4096 octets");
	scratch_write(s, "f", text, CONTROL_LINE_MAX + 1);
	ok(control_line(s->fd, "f", &value, &reason) == CONTROL_BROKEN &&
			strcmp(reason, "larger than 4096 bytes") == 0,
		"a line of 4097 octets");
	scratch_write(s, "f", text, CONTROL_LIST_MAX);
	ok(control_list(s->fd, "f", &list, &reason) == CONTROL_OK &&
			list.len == CONTROL_LIST_MAX + 1,
		"a list of 1048576 octets, and its LF");
	scratch_write(s, "f", text, CONTROL_LIST_MAX + 1);
	ok(control_list(s->fd, "f", &list, &reason) == CONTROL_BROKEN &&
			strcmp(reason, "larger than 1048576 bytes") == 0,
		"a list of 1048577 octets");
	scratch_huge(s, "f", (off_t)1 << 36);
	ok(control_list(s->fd, "f", &list, &reason) == CONTROL_BROKEN &&
			list.text == NULL,
		"a list of 64 GB");
}

static void
check_open(const struct scratch *s)
{
	const char *reason = "";
	char octet;
	int fd = -1;

	scratch_text(s, "f", "x");
	ok(control_open(s->fd, "f", &fd, &reason) == CONTROL_OK &&
			read(fd, &octet, 1) == 1 && octet == 'x',
		"control_open");
	ok(fcntl(fd, F_GETFD) == FD_CLOEXEC, "nobody inherits it");
	close(fd);
}

int
main(void)
{
	struct scratch s;

	scratch_make(&s);
	int before = dup(s.fd);

	close(before);
	check_lines(&s);
	check_lists(&s);
	check_next(&s);
	check_kinds(&s);
	check_denied(&s);
	check_nul(&s);
	check_sizes(&s);
	check_open(&s);
	int after = dup(s.fd);

	ok(after == before && after != -1, "no descriptor is left open");
	scratch_end(&s);
	return tap_done();
}
