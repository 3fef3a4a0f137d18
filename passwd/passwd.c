/* passwd - see passwd.h. Used by smtpd-passwd. */
#include "passwd/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "passwd/record.h"
#include "lib/terminal.h"

int
passwd_fatal(int status, const char *format, ...)
{
	va_list arguments;

	(void)fflush(stdout); /* main looks at its state */
	(void)fputs(PASSWD_PROGRAM ": fatal: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	(void)fputc('\n', stderr);
	return status;
}

static void
warn(const char *message)
{
	(void)fprintf(stderr, PASSWD_PROGRAM ": warning: %s\n", message);
}

static int
trouble(const struct userfile *f)
{
	return passwd_fatal(PASSWD_TEMPORARY, "%s", f->message);
}

static int
ask_password(const char *prompt, struct buffer *password)
{
	if (terminal_password(prompt, password) == 0)
		return 0;
	return passwd_fatal(PASSWD_TEMPORARY, "unable to read the password: %s",
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

static int
new_password(struct buffer *password)
{
	char text[SECRET_PASSWORD_MAX];
	struct buffer again = BUFFER_OVER(text);
	int status = ask_password("New password: ", password);
	const char *fault;
	bool same;

	if (status != 0)
		return status;
	fault = password_fault(password);
	if (fault != NULL)
		return passwd_fatal(PASSWD_USAGE, "%s", fault);
	if (!isatty(STDIN_FILENO))
		return 0;
	status = ask_password("Again: ", &again);
	same = !again.overflow && password->len == again.len &&
	       bytes_equal_constant_time(password->data, text, again.len);
	explicit_bzero(text, sizeof text);
	if (status == 0 && !same)
		return passwd_fatal(PASSWD_USAGE,
			"the two passwords differ: nothing changed");
	return status;
}

static void
print_usable(const struct user *user)
{
	for (size_t i = 0; mechanisms[i] != NULL; i++)
		if (mechanism_is_told(mechanisms[i], user))
			(void)printf(" %s", mechanisms[i]->name);
	(void)putchar('\n');
}

/* The new record and what it parses to; f is open and locked. */
static int
change_password(struct userfile *f, const struct passwd_request *r,
	struct slice password, struct user *user)
{
	char text[USERS_RECORD_MAX];
	struct buffer record = BUFFER_OVER(text);
	struct userfile_line old = {0};
	struct userfile_edit edit = {r->login, {0}};
	uint32_t iterations = r->iterations;
	struct census census;
	bool known = userfile_find(f, r->login, &old);
	int result;

	if (!known)
		old.record = (struct slice){NULL, 0};
	if (record_set_password(&record, old.record, password, &iterations) !=
		0)
		return userfile_fail(
			f, "unable to get random octets: %s", strerror(errno));
	edit.record = buffer_slice(&record);
	if (record.overflow || users_parse(user, edit.record) != 0)
		return userfile_fail(f,
			"the line of %.*s would be malformed "
			"or too long",
			(int)r->login.len, r->login.data);
	if (r->iterations_given && iterations != r->iterations)
		warn("-i ignored: the user's app passwords have another count, "
		     "and all must share it");
	result = userfile_change(f, &edit, &census);
	explicit_bzero(text, sizeof text);
	if (result == 0)
		(void)printf("%s %.*s: can use",
			known ? "password changed for" : "new user",
			(int)r->login.len, r->login.data);
	return result;
}

int
passwd_set(const struct passwd_request *r)
{
	char text[SECRET_PASSWORD_MAX];
	struct buffer password = BUFFER_OVER(text);
	struct userfile f;
	struct user user;
	int status = new_password(&password);

	if (status != 0)
		return status;
	if (userfile_open(&f, r->file, true, warn) != 0)
		status = trouble(&f);
	else if (change_password(&f, r, buffer_slice(&password), &user) != 0)
		status = trouble(&f);
	else
		print_usable(&user);
	userfile_close(&f);
	explicit_bzero(text, sizeof text);
	explicit_bzero(&user, sizeof user);
	return status;
}

/* Does the cdb know the login, whatever the text says? */
static bool
is_compiled(const struct userfile *f, struct slice login)
{
	int fd = open(f->cdb_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct user user;
	bool found;

	if (fd < 0)
		return false;
	found = users_find(fd, login, &user) == USERS_FOUND;
	explicit_bzero(&user, sizeof user);
	(void)close(fd); /* was only read */
	return found;
}

int
passwd_del(const struct passwd_request *r)
{
	struct userfile_edit edit = {r->login, {0}};
	struct userfile_line old;
	struct userfile f;
	struct census census;
	int status = 0;

	if (userfile_open(&f, r->file, true, warn) != 0)
		return trouble(&f);
	if (!userfile_find(&f, r->login, &old) && !is_compiled(&f, r->login)) {
		(void)fprintf(stderr, PASSWD_PROGRAM ": no such user: %.*s\n",
			(int)r->login.len, r->login.data);
		status = PASSWD_NO;
	} else if (userfile_change(&f, &edit, &census) != 0)
		status = trouble(&f);
	else
		(void)printf(
			"deleted %.*s\n", (int)r->login.len, r->login.data);
	userfile_close(&f);
	return status;
}

static void
warn_if_old(const struct userfile *f)
{
	enum userfile_state state = userfile_state(f);

	if (state != USERFILE_FRESH)
		(void)fprintf(stderr,
			PASSWD_PROGRAM ": warning: %s.cdb is %s: "
				       "run " PASSWD_PROGRAM " build\n",
			f->name,
			state == USERFILE_OLD ? "older than its text"
					      : "missing");
}

/* Opens a text that must be there. */
static int
open_existing(
	struct userfile *f, const struct passwd_request *r, bool to_change)
{
	if (userfile_open(f, r->file, to_change, warn) != 0)
		return trouble(f);
	if (!f->missing)
		return 0;
	userfile_close(f);
	return passwd_fatal(PASSWD_TEMPORARY, "unable to read %s: %s", r->file,
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

int
passwd_list(const struct passwd_request *r)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;
	struct userfile f;
	struct user user;
	int status = open_existing(&f, r, false);

	if (status != 0)
		return status;
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
		status = PASSWD_TEMPORARY;
	}
	explicit_bzero(&user, sizeof user);
	userfile_close(&f);
	return status;
}

/* As the server would: the same lookup, the same check. */
static int
check(int users_fd, struct slice login, struct slice password)
{
	struct exchange x = {.mechanism = mechanism_find(slice_of("PLAIN")),
		.users_fd = users_fd};
	enum exchange_result result;
	const char *reason;

	x.challenge = BUFFER_OVER(x.challenge_text);
	if (getrandom(x.random, sizeof x.random, 0) != sizeof x.random)
		return passwd_fatal(PASSWD_TEMPORARY,
			"unable to get random octets: %s", strerror(errno));
	result = mechanism_check_password(&x, login, password);
	reason = x.reason == NULL ? "no reason" : x.reason;
	explicit_bzero(&x, sizeof x);
	if (result == EXCHANGE_OK) {
		(void)printf("%.*s: password is right\n", (int)login.len,
			login.data);
		return 0;
	}
	if (result != EXCHANGE_FAIL)
		return passwd_fatal(PASSWD_TEMPORARY,
			"unable to check %.*s: %s", (int)login.len, login.data,
			reason);
	(void)fprintf(stderr, PASSWD_PROGRAM ": %.*s: refused: %s\n",
		(int)login.len, login.data, reason);
	return PASSWD_NO;
}

int
passwd_check(const struct passwd_request *r)
{
	char text[SECRET_PASSWORD_MAX + 1];
	struct buffer password = BUFFER_OVER(text);
	struct userfile f;
	int fd, status = ask_password("Password: ", &password);

	if (status != 0)
		return status;
	if (userfile_open(&f, r->file, false, warn) != 0)
		return trouble(&f);
	warn_if_old(&f);
	fd = open(f.cdb_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		status = passwd_fatal(PASSWD_TEMPORARY,
			"unable to read %s.cdb: %s", f.name, strerror(errno));
	else if (password.len == 0)
		status = passwd_fatal(PASSWD_USAGE, "empty password");
	else
		status = check(fd, r->login, buffer_slice(&password));
	if (fd >= 0)
		(void)close(fd); /* was only read */
	explicit_bzero(text, sizeof text);
	userfile_close(&f);
	return status;
}

int
passwd_build(const struct passwd_request *r, struct census *census)
{
	char text[USERS_MECHS_MAX];
	struct buffer mechs = BUFFER_OVER(text);
	struct userfile_edit edit = {{0}, {0}};
	struct userfile f;
	int status = open_existing(&f, r, true);

	if (status != 0)
		return status;
	if (userfile_change(&f, &edit, census) != 0)
		status = trouble(&f);
	userfile_close(&f);
	if (status != 0)
		return status;
	census_mechanisms(census, &mechs);
	(void)printf("%zu user%s; every enabled user can use: %.*s\n",
		census->users, census->users == 1 ? "" : "s", (int)mechs.len,
		mechs.data);
	if (census_floor_ms(census) > 0)
		(void)fprintf(stderr,
			PASSWD_PROGRAM
			": warning: the users' "
			"secrets differ in kind or cost: a failed login is "
			"answered after %u ms at the earliest\n",
			(unsigned)census_floor_ms(census));
	return 0;
}
