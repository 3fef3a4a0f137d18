/*
 * smtpd-passwd - the administrator's tool for the user file, authusers(5).
 *
 * An own program, run by hand; the server only reads what it compiles.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auth/mechanism.h"
#include "auth/record.h"
#include "auth/userfile.h"
#include "control/config.h"
#include "lib/terminal.h"

#define PROGRAM "smtpd-passwd"

enum { EXIT_WRONG = 1, EXIT_USAGE = 100, EXIT_TEMPORARY = 111 };

struct tool {
	char file[USERFILE_PATH_MAX]; /* the text */
	int directory;                /* where it stands: authdomain, authmechs */
	uint32_t iterations;
	bool iterations_given;
};

struct command {
	const char *name;
	bool takes_user;
	int (*run)(const struct tool *tool, const char *user);
};

static _Noreturn void die(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static _Noreturn void
die(int status, const char *format, ...)
{
	va_list arguments;

	(void)fflush(stdout);
	(void)fputs(PROGRAM ": fatal: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	exit(status);
}

static void
warn(const char *message)
{
	(void)fprintf(stderr, PROGRAM ": warning: %s\n", message);
}

static void
open_file(struct userfile *f, const struct tool *tool, bool to_change)
{
	if (userfile_open(f, tool->file, to_change, warn) != 0)
		die(EXIT_TEMPORARY, "%s", f->message);
}

/* The login as it is stored: lower case, with the domain it lacks. */
static struct slice
stored_login(const struct tool *tool, const char *user, struct buffer *out)
{
	struct slice domain;
	const char *reason, *fault;

	for (const char *c = user; *c != '\0'; c++)
		buffer_add_char(out, bytes_lower(*c));
	if (strchr(user, '@') == NULL) {
		switch (control_line(
			tool->directory, "authdomain", &domain, &reason)) {
		case CONTROL_BROKEN:
			die(EXIT_TEMPORARY, "unable to read authdomain: %s",
				reason);
		case CONTROL_MISSING:
			domain = (struct slice){NULL, 0};
			break;
		case CONTROL_OK:
			break;
		}
		if (user[0] != '\0' && domain.len > 0)
			buffer_add_char(out, '@');
		for (size_t i = 0; i < domain.len; i++)
			buffer_add_char(out, bytes_lower(domain.data[i]));
	}
	fault = out->overflow ? "login longer than 255 octets"
			      : userfile_login_fault(buffer_slice(out));
	if (fault != NULL)
		die(EXIT_USAGE, "%s", fault);
	return buffer_slice(out);
}

static void
ask_password(const char *prompt, struct buffer *password)
{
	if (terminal_password(prompt, password) != 0)
		die(EXIT_TEMPORARY, "unable to read the password: %s",
			strerror(errno));
}

static const char *
password_fault(const struct buffer *password)
{
	struct slice text = buffer_slice(password);

	if (password->overflow)
		return "password longer than 511 octets";
	if (text.len == 0)
		return "empty password";
	if (slice_find(text, '\0') != text.len)
		return "password holds a NUL";
	if (slice_find(text, '\r') != text.len)
		return "password holds a CR";
	return NULL;
}

static void
new_password(struct buffer *password)
{
	char text[SECRET_PASSWORD_MAX];
	struct buffer again = BUFFER_OVER(text);
	const char *fault;
	bool same;

	ask_password("New password: ", password);
	fault = password_fault(password);
	if (fault != NULL)
		die(EXIT_USAGE, "%s", fault);
	if (!isatty(STDIN_FILENO))
		return;
	ask_password("Again: ", &again);
	same = password->len == again.len &&
	       bytes_equal_constant_time(password->data, text, again.len);
	explicit_bzero(text, sizeof text);
	if (!same)
		die(EXIT_USAGE, "the two passwords differ: nothing changed");
}

static void
print_usable(const struct user *user)
{
	for (size_t i = 0; mechanisms[i] != NULL; i++)
		if (mechanisms[i]->usable(user))
			printf(" %s", mechanisms[i]->name);
	(void)putchar('\n');
}

/* The user's new record, from the old one and the password. */
static void
make_record(const struct tool *tool, const struct userfile_line *old,
	struct slice password, struct buffer *record, struct user *user)
{
	uint32_t iterations = tool->iterations;

	if (record_set_password(record, old->record, password, &iterations) !=
		0)
		die(EXIT_TEMPORARY, "unable to get random octets: %s",
			strerror(errno));
	if (record->overflow || users_parse(user, buffer_slice(record)) != 0)
		die(EXIT_TEMPORARY, "the user's line would be malformed or "
			"longer than 4096 octets");
	if (tool->iterations_given && iterations != tool->iterations)
		warn("-i ignored: app passwords of this user have another "
			"count, and all must share it");
}

static int
run_set(const struct tool *tool, const char *name)
{
	char login_text[USERS_LOGIN_MAX], text[SECRET_PASSWORD_MAX];
	char record_text[USERS_RECORD_MAX];
	struct buffer login = BUFFER_OVER(login_text);
	struct buffer password = BUFFER_OVER(text);
	struct buffer record = BUFFER_OVER(record_text);
	struct userfile_edit edit = {stored_login(tool, name, &login), {0}};
	struct userfile_line old = {0};
	struct userfile f;
	struct census census;
	struct user user;
	bool known;

	new_password(&password);
	open_file(&f, tool, true);
	known = userfile_find(&f, edit.login, &old);
	if (!known)
		old.record = (struct slice){NULL, 0};
	make_record(tool, &old, buffer_slice(&password), &record, &user);
	explicit_bzero(text, sizeof text);
	edit.record = buffer_slice(&record);
	if (userfile_change(&f, &edit, &census) != 0)
		die(EXIT_TEMPORARY, "%s", f.message);
	userfile_close(&f);
	printf("%s %.*s: can use", known ? "password changed for" : "new user",
		(int)edit.login.len, edit.login.data);
	print_usable(&user);
	explicit_bzero(&user, sizeof user);
	explicit_bzero(record_text, sizeof record_text);
	return 0;
}

/* Does the cdb know the login, whatever the text says? */
static bool
is_compiled(const struct userfile *f, struct slice login)
{
	int fd = open(f->cdb_path, O_RDONLY | O_CLOEXEC);
	struct user user;
	bool found;

	if (fd < 0)
		return false;
	found = users_find(fd, login, &user) == USERS_FOUND;
	explicit_bzero(&user, sizeof user);
	(void)close(fd); /* was only read */
	return found;
}

static int
run_del(const struct tool *tool, const char *name)
{
	char text[USERS_LOGIN_MAX];
	struct buffer login = BUFFER_OVER(text);
	struct userfile_edit edit = {stored_login(tool, name, &login), {0}};
	struct userfile_line old;
	struct userfile f;
	struct census census;

	open_file(&f, tool, true);
	if (!userfile_find(&f, edit.login, &old) &&
		!is_compiled(&f, edit.login)) {
		(void)fprintf(stderr, PROGRAM ": no such user: %.*s\n",
			(int)edit.login.len, edit.login.data);
		return EXIT_WRONG;
	}
	if (userfile_change(&f, &edit, &census) != 0)
		die(EXIT_TEMPORARY, "%s", f.message);
	userfile_close(&f);
	printf("deleted %.*s\n", (int)edit.login.len, edit.login.data);
	return 0;
}

static void
warn_if_old(const struct userfile *f)
{
	switch (userfile_state(f)) {
	case USERFILE_FRESH:
		break;
	case USERFILE_OLD:
		(void)fprintf(stderr, PROGRAM ": warning: %s.cdb is older than "
			"%s: run " PROGRAM " build\n", f->name, f->name);
		break;
	case USERFILE_NOT_COMPILED:
		(void)fprintf(stderr, PROGRAM ": warning: %s.cdb is missing: "
			"run " PROGRAM " build\n", f->name);
		break;
	}
}

static void
open_existing(struct userfile *f, const struct tool *tool, bool to_change)
{
	open_file(f, tool, to_change);
	if (f->missing)
		die(EXIT_TEMPORARY, "unable to read %s: %s", f->name,
			strerror(ENOENT));
}

static void
list_user(const struct userfile_line *line, const struct user *user)
{
	bool able = false;

	for (size_t i = 0; i < line->login.len; i++)
		(void)putchar(bytes_lower(line->login.data[i]));
	for (size_t i = 0; mechanisms[i] != NULL; i++)
		able = able || mechanisms[i]->usable(user);
	if (!able) {
		(void)puts(": cannot log in");
		return;
	}
	(void)fputs(user->disabled ? ": disabled:" : ": enabled:", stdout);
	print_usable(user);
}

static int
run_list(const struct tool *tool, const char *none)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;
	struct userfile f;
	struct user user;
	int status = 0;

	(void)none;
	open_existing(&f, tool, false);
	warn_if_old(&f);
	while (userfile_next(f.text, &at, &line)) {
		const char *fault = userfile_line_fault(&line);

		if (line.login.data == NULL)
			continue;
		if (fault == NULL && users_parse(&user, line.record) != 0)
			fault = "malformed fields";
		if (fault == NULL) {
			list_user(&line, &user);
			continue;
		}
		(void)userfile_fail(&f, "%s:%zu: %s", f.name, at.line, fault);
		warn(f.message);
		status = EXIT_TEMPORARY;
	}
	explicit_bzero(&user, sizeof user);
	userfile_close(&f);
	return status;
}

/* As the server would: the same lookup, the same check. */
static int
check(struct exchange *x, struct slice login, struct slice password)
{
	enum exchange_result result =
		mechanism_check_password(x, login, password);

	if (result == EXCHANGE_OK) {
		printf("%.*s: password is right\n", (int)login.len, login.data);
		return 0;
	}
	if (result != EXCHANGE_FAIL)
		die(EXIT_TEMPORARY, "unable to check %.*s: %s", (int)login.len,
			login.data, x->reason == NULL ? "backend" : x->reason);
	(void)fprintf(stderr, PROGRAM ": %.*s: refused: %s\n", (int)login.len,
		login.data, x->reason == NULL ? "password" : x->reason);
	return EXIT_WRONG;
}

static int
run_check(const struct tool *tool, const char *name)
{
	char login_text[USERS_LOGIN_MAX], text[SECRET_PASSWORD_MAX + 1];
	struct buffer b = BUFFER_OVER(login_text);
	struct buffer password = BUFFER_OVER(text);
	struct slice login = stored_login(tool, name, &b);
	struct exchange x = {.mechanism = mechanism_find(slice_of("PLAIN"))};
	struct userfile f;
	int status;

	ask_password("Password: ", &password);
	open_file(&f, tool, false);
	warn_if_old(&f);
	x.challenge = BUFFER_OVER(x.challenge_text);
	x.users_fd = open(f.cdb_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (x.users_fd < 0)
		die(EXIT_TEMPORARY, "unable to read %s.cdb: %s", f.name,
			strerror(errno));
	if (getrandom(x.random, sizeof x.random, 0) != sizeof x.random)
		die(EXIT_TEMPORARY, "unable to get random octets: %s",
			strerror(errno));
	status = check(&x, login, buffer_slice(&password));
	explicit_bzero(&x, sizeof x);
	explicit_bzero(text, sizeof text);
	userfile_close(&f);
	return status;
}

/* Which mechanisms leave somebody out, and does authmechs offer them? */
static void
warn_shut_out(const struct tool *tool, const struct census *census)
{
	struct control_list list = {0};
	struct slice line;
	const char *reason;
	size_t at = 0;

	if (control_list(tool->directory, "authmechs", &list, &reason) ==
		CONTROL_BROKEN)
		die(EXIT_TEMPORARY, "unable to read authmechs: %s", reason);
	while (control_next(&list, &at, &line)) {
		while (line.data != NULL) {
			struct slice name = slice_split(&line, ' ');

			for (size_t i = 0; mechanisms[i] != NULL; i++)
				if (slice_is_nocase(name, mechanisms[i]->name) &&
					census->without[i] > 0)
					(void)fprintf(stderr, PROGRAM
						": warning: authmechs offers "
						"%s, which %zu of %zu enabled "
						"users cannot use\n",
						mechanisms[i]->name,
						census->without[i],
						census->able);
		}
	}
}

static int
run_build(const struct tool *tool, const char *none)
{
	char text[USERS_MECHS_MAX];
	struct buffer mechs = BUFFER_OVER(text);
	struct userfile_edit edit = {{0}, {0}};
	struct userfile f;
	struct census census;

	(void)none;
	open_existing(&f, tool, true);
	if (userfile_change(&f, &edit, &census) != 0)
		die(EXIT_TEMPORARY, "%s", f.message);
	userfile_close(&f);
	census_mechanisms(&census, &mechs);
	printf("%zu user%s; every enabled user can use: %.*s\n", census.users,
		census.users == 1 ? "" : "s", (int)mechs.len, mechs.data);
	if (census_floor_ms(&census) > 0)
		(void)fprintf(stderr, PROGRAM ": warning: the users' secrets "
			"differ in kind or cost: failed logins are answered "
			"after %u ms at the earliest\n",
			(unsigned)census_floor_ms(&census));
	warn_shut_out(tool, &census);
	return 0;
}

static const struct command commands[] = {
	{"set", true, run_set},
	{"del", true, run_del},
	{"list", false, run_list},
	{"check", true, run_check},
	{"build", false, run_build},
};

static void
print_help(void)
{
	(void)fputs("usage: " PROGRAM " [-f authusers] [-i N] COMMAND\n"
		    "  set USER    add a user or change a password\n"
		    "  del USER    delete a user\n"
		    "  list        show who can log in, and how\n"
		    "  check USER  is this the password? exit 0 yes, 1 no\n"
		    "  build       compile authusers to authusers.cdb\n"
		    "  -f FILE     the user file, default authusers in the "
		    "control directory\n"
		    "  -i N        iterations of SCRAM, default 10000\n"
		    "  -h, -V      this text, the version\n"
		    "Passwords are read from the terminal, or one line from "
		    "standard input.\n",
		stdout);
}

static _Noreturn void
leave(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		die(EXIT_TEMPORARY, "unable to write to standard output");
	exit(status);
}

static void
set_iterations(struct tool *tool, const char *text)
{
	uint64_t n;

	if (slice_number(slice_of(text), &n) != 0 ||
		n < RECORD_ITERATIONS_MIN || n > SECRET_ITERATIONS_MAX)
		die(EXIT_USAGE, "-i takes a number from %d to %d",
			RECORD_ITERATIONS_MIN, SECRET_ITERATIONS_MAX);
	tool->iterations = (uint32_t)n;
	tool->iterations_given = true;
}

/* Returns the -f file, or NULL. */
static const char *
read_options(struct tool *tool, int argc, char **argv)
{
	const char *file = NULL;
	int option;

	while ((option = getopt(argc, argv, "+:f:i:m:hV")) != -1) {
		switch (option) {
		case 'f':
			file = optarg;
			break;
		case 'i':
			set_iterations(tool, optarg);
			break;
		case 'm':
			die(EXIT_USAGE, "-m %.32s: this version stores no "
				"further mechanism", optarg);
		case 'h':
			print_help();
			leave(0);
		case 'V':
			(void)puts(PROGRAM " " VERSION);
			leave(0);
		case ':':
			die(EXIT_USAGE, "option -%c takes a value; see "
				PROGRAM " -h", optopt);
		default:
			die(EXIT_USAGE, "unknown option -%c; see " PROGRAM
				" -h", optopt);
		}
	}
	return file;
}

static void
open_directory(struct tool *tool, const char *file)
{
	char path[USERFILE_PATH_MAX];
	size_t slash;
	int len;

	if (file == NULL)
		len = snprintf(tool->file, sizeof tool->file, "%s/authusers",
			config_directory());
	else
		len = snprintf(tool->file, sizeof tool->file, "%s", file);
	if (len <= 0 || (size_t)len >= sizeof tool->file)
		die(EXIT_USAGE, "name of the user file empty or too long");
	strcpy(path, tool->file);
	slash = slice_find_last(slice_of(path), '/');
	if (path[slash] == '\0')
		strcpy(path, ".");
	else
		path[slash == 0 ? 1 : slash] = '\0';
	tool->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tool->directory < 0)
		die(EXIT_TEMPORARY, "unable to open %s: %s", path,
			strerror(errno));
}

/* No core with a password in it, and no file on descriptor 0, 1 or 2. */
static void
protect(void)
{
	const struct rlimit none = {0, 0};
	int fd;

	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		die(EXIT_TEMPORARY, "unable to switch core dumps off: %s",
			strerror(errno));
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		die(EXIT_TEMPORARY, "unable to open /dev/null: %s",
			strerror(errno));
	(void)close(fd);
	(void)umask(077);
}

int
main(int argc, char **argv)
{
	struct tool tool = {.iterations = CENSUS_ITERATIONS};
	const struct command *command = NULL;
	const char *file;

	protect();
	file = read_options(&tool, argc, argv);
	argc -= optind;
	argv += optind;
	if (argc < 1)
		die(EXIT_USAGE, "no command; see " PROGRAM " -h");
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(argv[0], commands[i].name) == 0)
			command = &commands[i];
	if (command == NULL)
		die(EXIT_USAGE, "unknown command %.32s; see " PROGRAM " -h",
			argv[0]);
	if (argc - 1 != (command->takes_user ? 1 : 0))
		die(EXIT_USAGE, "%s takes %s", command->name,
			command->takes_user ? "one USER" : "no argument");
	open_directory(&tool, file);
	leave(command->run(&tool, command->takes_user ? argv[1] : NULL));
}
