/* passwd - see passwd.h. Used by smtpd-passwd. */
#include "passwd/passwd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "passwd/census.h"
#include "passwd/names.h"
#include "passwd/origin.h"
#include "passwd/prepare.h"
#include "passwd/record.h"
#include "sasl/mechanism.h"
#include "lib/path.h"
#include "lib/terminal.h"

int
passwd_trouble(const struct userfile *f)
{
	return tool_fatal(TOOL_TEMPORARY, "%s", f->message);
}

const char *
passwd_login(struct slice user, struct slice domain, struct buffer *out)
{
	userfile_add_login(out, user);
	if (user.len > 0 && slice_find(user, '@') == user.len &&
		domain.len > 0) {
		buffer_add_char(out, '@');
		userfile_add_login(out, domain);
	}
	return out->overflow ? "login longer than 255 octets"
			     : userfile_login_fault(buffer_slice(out));
}

/* The login without @authdomain; absent when it has another domain. */
static struct slice
bare_login(const struct passwd_request *r)
{
	size_t at = slice_find(r->login, '@');

	if (r->domain.len == 0 || at == 0 || at == r->login.len ||
		!slice_equal_nocase(slice_from(r->login, at + 1), r->domain))
		return SLICE_NONE;
	return (struct slice){r->login.data, at};
}

bool
passwd_find(const struct userfile *f, struct passwd_request *r,
	struct userfile_line *line)
{
	struct slice bare = bare_login(r);
	struct userfile_line other;
	bool found = userfile_find(f, r->login, line);

	if (bare.data == NULL || !userfile_find(f, bare, &other))
		return found;
	if (found) {
		r->twin = bare;
		r->twin_record = other.record;
	} else {
		r->login = bare;
		*line = other;
	}
	return true;
}

int
passwd_ask(const char *prompt, struct buffer *password)
{
	if (terminal_password(prompt, password) == 0)
		return 0;
	return tool_fatal(TOOL_TEMPORARY, "unable to read the password: %s",
		strerror(errno));
}

const char *
passwd_fault(const struct buffer *password)
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
	int status = passwd_ask("New password: ", password);
	const char *fault;
	bool same, prepared;

	if (status != 0)
		return status;
	fault = passwd_fault(password);
	if (fault != NULL)
		return tool_fatal(TOOL_USAGE, "%s", fault);
	if (isatty(STDIN_FILENO)) {
		status = passwd_ask("Again: ", &again);
		same = !again.overflow && password->len == again.len &&
		       bytes_equal_constant_time(
			       password->data, text, again.len);
		explicit_bzero(text, sizeof text);
		if (status == 0 && !same)
			return tool_fatal(TOOL_USAGE,
				"the two passwords differ: nothing changed");
	}
	fault = prepare_password(password, &prepared);
	if (fault != NULL)
		tool_warn("the password cannot be prepared by SASLprep, RFC "
			  "4013 (%s): it is stored as it was given, and a "
			  "client of SCRAM may refuse to send it",
			fault);
	else if (prepared)
		tool_warn("the password was prepared by SASLprep, RFC 4013: "
			  "a client that sends it unprepared by PLAIN or "
			  "LOGIN is refused");
	return status;
}

void
passwd_print_usable(FILE *out, const struct user *user)
{
	for (size_t i = 0; mechanisms[i] != NULL; i++)
		if (mechanism_is_told(mechanisms[i], user))
			(void)fprintf(out, " %s", mechanisms[i]->row->name);
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
	struct slice label, struct slice password, struct slice show,
	struct user *user)
{
	char text[USERS_RECORD_MAX];
	struct buffer record = BUFFER_OVER(text);
	struct userfile_line old = {0};
	struct userfile_edit edit = {.login = r->login, .show = show};
	struct record_password p = {.label = label,
		.password = password,
		.login = r->login,
		.realm = r->realm,
		.weaker = r->weaker,
		.iterations = r->iterations};
	struct census census;
	int result;

	if (!userfile_find(f, r->login, &old))
		old.record = SLICE_NONE;
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
		tool_warn("-i ignored: the user's other passwords have "
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

	return fault == NULL ? 0 : tool_fatal(TOOL_USAGE, "%s", fault);
}

int
passwd_set(struct passwd_request *r)
{
	char text[SECRET_PASSWORD_MAX];
	struct buffer password = BUFFER_OVER(text);
	struct slice own = {"", 0};
	struct userfile_line line;
	struct userfile f;
	struct user user;
	bool known;
	int status = new_password(&password);

	if (status != 0 || (status = passwd_open(&f, r, true)) != 0)
		return status;
	known = passwd_find(&f, r, &line);
	if (!known)
		status = check_new_login(r->login);
	if (status == 0 && passwd_store(&f, r, own, buffer_slice(&password),
				   own, &user) != 0)
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

/* Does the cdb know the user, whatever the text says? */
static bool
is_compiled(const struct userfile *f, const struct passwd_request *r)
{
	int fd = path_open(f->cdb_path);
	struct slice bare = bare_login(r);
	struct user user;
	bool found;

	if (fd < 0)
		return false;
	found = users_find(fd, r->login, &user) == USERS_FOUND ||
		users_find(fd, bare, &user) == USERS_FOUND;
	explicit_bzero(&user, sizeof user);
	(void)close(fd); /* was only read */
	return found;
}

int
passwd_del(struct passwd_request *r)
{
	struct userfile_edit edit = {.lenient = true};
	struct userfile_line old;
	struct userfile f;
	struct census census;
	int status = passwd_open(&f, r, true);

	if (status != 0)
		return status;
	if (!passwd_find(&f, r, &old) && !is_compiled(&f, r))
		status = passwd_unknown(r);
	edit.login = r->login;
	edit.twin = r->twin;
	if (status == 0 && userfile_change(&f, &edit, &census) != 0)
		status = passwd_trouble(&f);
	else if (status == 0)
		passwd_print_done(r, "deleted");
	userfile_close(&f);
	return status;
}

void
passwd_print_done(const struct passwd_request *r, const char *what)
{
	(void)printf("%s %.*s%s%.*s\n", what, (int)r->login.len, r->login.data,
		r->twin.len > 0 ? " and " : "", (int)r->twin.len,
		r->twin.len > 0 ? r->twin.data : "");
}

void
passwd_warn_if_old(const struct userfile *f)
{
	const char *what = NULL;

	switch (origin_state(f->text_path, f->cdb_path)) {
	case ORIGIN_SAME:
		break;
	case ORIGIN_OTHER:
		what = "older than its text, or of another one";
		break;
	case ORIGIN_NO_CDB:
		what = "missing";
		break;
	case ORIGIN_BROKEN:
		what = "broken";
		break;
	case ORIGIN_UNREADABLE:
		tool_warn("unable to compare %s with its cdb: %s", f->name,
			strerror(errno));
	}
	if (what != NULL)
		tool_warn("%s.cdb is %s: run " PASSWD_PROGRAM " build", f->name,
			what);
}

static void
warn(const char *message)
{
	tool_warn("%s", message);
}

int
passwd_open(struct userfile *f, const struct passwd_request *r, bool to_change)
{
	return userfile_open(f, r->file, to_change, warn) == 0
		       ? 0
		       : passwd_trouble(f);
}

int
passwd_open_existing(
	struct userfile *f, const struct passwd_request *r, bool to_change)
{
	int status = passwd_open(f, r, to_change);

	if (status != 0 || !f->missing)
		return status;
	userfile_close(f);
	return tool_fatal(TOOL_TEMPORARY, "unable to read %s: %s", r->file,
		strerror(ENOENT));
}

int
passwd_build(struct passwd_request *r, struct census *census)
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
	else
		names_warn(&f, r->domain);
	userfile_close(&f);
	if (status != 0)
		return status;
	census_mechanisms(census, &mechs);
	(void)printf("%zu user%s; every enabled user can use: %.*s\n",
		census->users, census->users == 1 ? "" : "s", (int)mechs.len,
		mechs.data);
	if (census_floor_ms(census) > 0)
		tool_warn("the users' secrets differ in kind or cost: a failed "
			  "login is answered after %u ms at the earliest",
			(unsigned)census_floor_ms(census));
	return 0;
}
