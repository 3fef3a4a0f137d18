/* passwd - see passwd.h. Used by smtpd-passwd. */
#include "passwd/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "passwd/prepare.h"
#include "lib/clock.h"
#include "lib/date.h"
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

void
passwd_warn(const char *message)
{
	(void)fprintf(stderr, PASSWD_PROGRAM ": warning: %s\n", message);
}

int
passwd_trouble(const struct userfile *f)
{
	return passwd_fatal(PASSWD_TEMPORARY, "%s", f->message);
}

const char *
passwd_login(struct slice user, struct slice domain, struct buffer *out)
{
	buffer_add_slice(out, user);
	if (user.len > 0 && slice_find(user, '@') == user.len &&
		domain.len > 0) {
		buffer_add_char(out, '@');
		buffer_add_slice(out, domain);
	}
	for (size_t i = 0; i < out->len; i++)
		out->data[i] = bytes_lower(out->data[i]);
	return out->overflow ? "login longer than 255 octets"
			     : userfile_login_fault(buffer_slice(out));
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
	bool same, prepared;

	if (status != 0)
		return status;
	fault = password_fault(password);
	if (fault != NULL)
		return passwd_fatal(PASSWD_USAGE, "%s", fault);
	if (isatty(STDIN_FILENO)) {
		status = ask_password("Again: ", &again);
		same = !again.overflow && password->len == again.len &&
		       bytes_equal_constant_time(
			       password->data, text, again.len);
		explicit_bzero(text, sizeof text);
		if (status == 0 && !same)
			return passwd_fatal(PASSWD_USAGE,
				"the two passwords differ: nothing changed");
	}
	fault = prepare_password(password, &prepared);
	if (fault != NULL)
		(void)fprintf(stderr,
			PASSWD_PROGRAM
			": warning: the password cannot be prepared by "
			"SASLprep, RFC 4013 (%s): it is stored as it was "
			"given, and a client of SCRAM may refuse to send it\n",
			fault);
	else if (prepared)
		passwd_warn("the password was prepared by SASLprep, RFC 4013: "
			    "a client that sends it unprepared by PLAIN or "
			    "LOGIN is refused");
	return status;
}

void
passwd_print_usable(FILE *out, const struct user *user)
{
	for (size_t i = 0; mechanisms[i] != NULL; i++)
		if (mechanism_is_told(mechanisms[i], user))
			(void)fprintf(out, " %s", mechanisms[i]->name);
	(void)fputc('\n', out);
}

int
passwd_unknown(const struct passwd_request *r)
{
	(void)fprintf(stderr, PASSWD_PROGRAM ": no such user: %.*s\n",
		(int)r->login.len, r->login.data);
	return PASSWD_NO;
}

static bool
has_label(const struct user *user, struct slice label)
{
	for (size_t i = 0; i < user->secrets_count; i++)
		if (slice_equal(user->secrets[i].label, label))
			return true;
	return false;
}

/* The new record and what it parses to; f is open and locked. */
int
passwd_store(struct userfile *f, const struct passwd_request *r,
	struct slice label, struct slice password, struct user *user)
{
	char text[USERS_RECORD_MAX];
	struct buffer record = BUFFER_OVER(text);
	struct userfile_line old = {0};
	struct userfile_edit edit = {.login = r->login};
	struct record_password p = {.label = label,
		.password = password,
		.login = r->login,
		.realm = r->realm,
		.weaker = r->weaker,
		.iterations = r->iterations};
	struct census census;
	int result;

	if (!userfile_find(f, r->login, &old))
		old.record = (struct slice){NULL, 0};
	if (record_set_password(&record, old.record, &p) != 0)
		return userfile_fail(
			f, "unable to get random octets: %s", strerror(errno));
	edit.record = buffer_slice(&record);
	if (record.overflow || users_parse(user, edit.record) != 0)
		return userfile_fail(f,
			"the line of %.*s would be malformed "
			"or too long",
			(int)r->login.len, r->login.data);
	if (r->iterations_given && p.iterations != r->iterations)
		passwd_warn("-i ignored: the user's other passwords have "
			    "another count, and all must share it");
	if (!has_label(user, label))
		return userfile_fail(f, "%.*s has %d secrets, and no more fit",
			(int)r->login.len, r->login.data, USERS_SECRETS_MAX);
	result = userfile_change(f, &edit, &census);
	explicit_bzero(text, sizeof text);
	return result;
}

/* A new login must stay as it is when a client prepares it. */
static int
check_new_login(struct slice login)
{
	char text[PREPARE_FAULT_MAX];
	struct buffer b = BUFFER_OVER(text);
	const char *fault = prepare_login_fault(login, &b);

	return fault == NULL ? 0 : passwd_fatal(PASSWD_USAGE, "%s", fault);
}

int
passwd_set(const struct passwd_request *r)
{
	char text[SECRET_PASSWORD_MAX];
	struct buffer password = BUFFER_OVER(text);
	struct slice own = {"", 0};
	struct userfile_line line;
	struct userfile f;
	struct user user;
	bool known;
	int status = new_password(&password);

	if (status != 0)
		return status;
	if (userfile_open(&f, r->file, true, passwd_warn) != 0)
		return passwd_trouble(&f);
	known = userfile_find(&f, r->login, &line);
	if (!known)
		status = check_new_login(r->login);
	if (status == 0 &&
		passwd_store(&f, r, own, buffer_slice(&password), &user) != 0)
		status = passwd_trouble(&f);
	else if (status == 0) {
		(void)printf("%s %.*s: can use",
			known ? "password changed for" : "new user",
			(int)r->login.len, r->login.data);
		passwd_print_usable(stdout, &user);
	}
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
	struct userfile_edit edit = {.login = r->login, .lenient = true};
	struct userfile_line old;
	struct userfile f;
	struct census census;
	int status = 0;

	if (userfile_open(&f, r->file, true, passwd_warn) != 0)
		return passwd_trouble(&f);
	if (!userfile_find(&f, r->login, &old) && !is_compiled(&f, r->login)) {
		status = passwd_unknown(r);
	} else if (userfile_change(&f, &edit, &census) != 0)
		status = passwd_trouble(&f);
	else
		(void)printf(
			"deleted %.*s\n", (int)r->login.len, r->login.data);
	userfile_close(&f);
	return status;
}

void
passwd_warn_if_old(const struct userfile *f)
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

int
passwd_open_existing(
	struct userfile *f, const struct passwd_request *r, bool to_change)
{
	if (userfile_open(f, r->file, to_change, passwd_warn) != 0)
		return passwd_trouble(f);
	if (!f->missing)
		return 0;
	userfile_close(f);
	return passwd_fatal(PASSWD_TEMPORARY, "unable to read %s: %s", r->file,
		strerror(ENOENT));
}

/* As the server would: the same lookup, the same check. */
static int
check(int users_fd, struct slice login, struct slice password)
{
	struct exchange x = {.mechanism = mechanism_find(slice_of("PLAIN")),
		.users_fd = users_fd};
	enum exchange_result result;
	const char *reason;

	x.today = date_of(clock_seconds());
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
	if (userfile_open(&f, r->file, false, passwd_warn) != 0)
		return passwd_trouble(&f);
	passwd_warn_if_old(&f);
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
	struct userfile_edit edit = {0};
	struct userfile f;
	int status = passwd_open_existing(&f, r, true);

	if (status != 0)
		return status;
	if (userfile_change(&f, &edit, census) != 0)
		status = passwd_trouble(&f);
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
