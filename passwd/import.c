/* import - the command import of smtpd-passwd: see formats.h for the files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "passwd/census.h"
#include "passwd/passwd.h"
#include "passwd/prepare.h"
#include "passwd/progress.h"
#include "passwd/record.h"
#include "passwd/seen.h"
#include "passwd/source.h"
#include "passwd/tally.h"

struct import {
	const struct passwd_request *r;
	const struct formats_row *format;
	const char *path;
	struct formats_source source;
	struct userfile file;
	struct seen seen;
	FILE *lines; /* those that will be added, in memory */
	struct user user;
	const char *note; /* about the line at hand */
	char fault[PREPARE_FAULT_MAX];
	struct tally tally;
	struct slice domain; /* -D, or absent */
};

static void
tell(const struct import *i, size_t line, const char *word, const char *what)
{
	(void)fprintf(stderr, PASSWD_PROGRAM ": %s:%zu: %s%s\n", i->path, line,
		word, what);
}

/* The logins that are there already, whatever else their lines hold. */
static int
remember_existing(struct import *i)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;

	if (seen_open(&i->seen,
		    userfile_lines(i->file.text, false) +
			    userfile_lines(i->source.text, false)) != 0)
		return -1;
	while (userfile_next(i->file.text, &at, &line)) {
		char text[USERS_LOGIN_MAX];
		struct buffer login = BUFFER_OVER(text);

		/* With and without authdomain a login is one. */
		if (line.login.data != NULL &&
			passwd_login(line.login, i->r->domain, &login) == NULL)
			(void)seen_add(
				&i->seen, buffer_slice(&login), UINT32_MAX);
	}
	return 0;
}

/* ------------------------------------------------------------- one user --- */

static const char *
make_from_password(struct import *i, struct slice login, struct slice clear,
	struct buffer *record)
{
	char text[SECRET_PASSWORD_MAX];
	struct buffer password = BUFFER_OVER(text);
	struct record_password p = {.login = login,
		.realm = i->r->realm,
		.weaker = i->r->weaker,
		.iterations = i->r->iterations};
	const char *fault;
	bool changed;

	buffer_add_slice(&password, clear);
	fault = clear.len == 0 ? "no password" : passwd_fault(&password);
	if (fault == NULL && prepare_password(&password, &changed) != NULL)
		i->note = "the password cannot be prepared by SASLprep: it "
			  "was stored as it is";
	p.password = buffer_slice(&password);
	if (fault == NULL && record_set_password(record, SLICE_NONE, &p) != 0)
		fault = strerror(errno);
	explicit_bzero(text, sizeof text);
	return fault;
}

static const char *
make_record(struct import *i, struct slice login,
	const struct formats_user *from, struct buffer *record)
{
	const char *fault = NULL;

	if (from->disabled && from->record.data == NULL)
		buffer_add_char(record, '!');
	if (from->clear.data != NULL)
		return make_from_password(i, login, from->clear, record);
	if (from->secret.data != NULL)
		fault = formats_secret_fault(from->secret);
	if (from->record.data != NULL)
		buffer_add_slice(record, from->record);
	else {
		buffer_add_slice(record, from->secret);
		buffer_add_text(record, "::::::");
	}
	return fault;
}

/* A whole line, as the compiler would look at it. */
static const char *
check_line(struct import *i, struct slice text)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;

	if (!userfile_next(text, &at, &line) || at.offset != text.len ||
		line.login.data == NULL)
		return "not a user's line";
	return userfile_parse(&line, &i->user);
}

/* For a login without one. */
static struct slice
domain_of(const struct import *i)
{
	if (i->domain.len > 0)
		return i->domain;
	return i->source.domain.len > 0 ? i->source.domain : i->r->domain;
}

/* The first line that has the user, by whichever name; 0: none. */
static size_t
line_before(struct import *i, struct slice login, size_t number)
{
	char text[USERS_LOGIN_MAX];
	struct buffer name = BUFFER_OVER(text);

	if (passwd_login(login, i->r->domain, &name) == NULL)
		login = buffer_slice(&name);
	return seen_add(&i->seen, login, number);
}

static const char *
take_user(struct import *i, const struct formats_user *from, size_t number)
{
	char text[USERS_LOGIN_MAX + USERS_RECORD_MAX + 2];
	char login_text[USERS_LOGIN_MAX];
	struct buffer login = BUFFER_OVER(login_text), line = BUFFER_OVER(text);
	struct buffer unfit = BUFFER_OVER(i->fault);
	const char *fault = passwd_login(from->login, domain_of(i), &login);

	if (fault == NULL)
		fault = prepare_login_fault(buffer_slice(&login), &unfit);
	if (fault != NULL)
		return fault;
	buffer_add_slice(&line, buffer_slice(&login));
	buffer_add_char(&line, ':');
	fault = make_record(i, buffer_slice(&login), from, &line);
	buffer_add_char(&line, '\n');
	if (fault == NULL && line.overflow)
		fault = "line too long";
	if (fault == NULL)
		fault = check_line(i, buffer_slice(&line));
	if (fault == NULL) {
		size_t before = line_before(i, buffer_slice(&login), number);

		if (before == UINT32_MAX)
			fault = "the user exists already: del comes first";
		else if (before != 0)
			fault = "the same user as on an earlier line";
	}
	if (fault == NULL &&
		fwrite(line.data, 1, line.len, i->lines) != line.len)
		fault = strerror(errno);
	if (fault == NULL)
		tally_add(&i->tally, buffer_slice(&login), &i->user);
	explicit_bzero(text, sizeof text);
	return fault;
}

static void
take_lines(struct import *i)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;
	struct progress progress;

	progress_start(&progress, "importing", i->source.text.len);
	while (userfile_next(i->source.text, &at, &line)) {
		struct formats_user from = {.note = NULL};
		const char *fault =
			i->format->take(&i->source, line.text, &from);

		i->note = NULL;
		if (fault == NULL)
			fault = take_user(i, &from, at.line);
		if (fault != NULL && fault != formats_nothing) {
			i->tally.refused++;
			tell(i, at.line, "refused: ", fault);
		} else if (fault == NULL) {
			if (from.note != NULL)
				tell(i, at.line, "", from.note);
			if (i->note != NULL)
				tell(i, at.line, "", i->note);
		}
		progress_at(&progress, at.offset);
	}
	progress_end(&progress);
}

/* ----------------------------------------------------------- the whole --- */

static int
add_lines(struct import *i)
{
	struct userfile_edit edit = {0};
	struct census census;
	int result;

	if (fflush(i->lines) != 0 ||
		userfile_map(fileno(i->lines), (size_t)ftell(i->lines),
			&edit.append) != 0)
		return tool_fatal(TOOL_TEMPORARY, "unable to import %s: %s",
			i->path, strerror(errno));
	result = userfile_change(&i->file, &edit, &census);
	userfile_unmap(edit.append);
	return result == 0 ? 0 : passwd_trouble(&i->file);
}

static int
import_open(struct import *i)
{
	int memory = memfd_create("smtpd-passwd", MFD_CLOEXEC);

	i->lines = memory < 0 ? NULL : fdopen(memory, "w+");
	if (i->lines != NULL && remember_existing(i) == 0)
		return 0;
	return tool_fatal(TOOL_TEMPORARY, "unable to import %s: %s", i->path,
		strerror(errno));
}

static int
import(struct import *i)
{
	int status = import_open(i);

	if (status == 0) {
		take_lines(i);
		status = i->tally.came > 0 ? add_lines(i) : 0;
	}
	if (status == 0) {
		tally_print(&i->tally, i->r->directory);
		status = i->tally.refused > 0 ? PASSWD_NO : 0;
	}
	if (i->lines != NULL)
		(void)fclose(i->lines); /* is memory */
	seen_close(&i->seen);
	explicit_bzero(&i->user, sizeof i->user);
	return status;
}

/* Takes -D DOMAIN off the front of the arguments. */
static const char *
take_domain(struct passwd_request *r)
{
	const char *domain = r->import_domain;

	if (r->arguments_count > 0 && strncmp(r->arguments[0], "-D", 2) == 0) {
		bool apart = r->arguments[0][2] == '\0';
		size_t used = apart ? 2 : 1;

		if (used > r->arguments_count)
			return NULL;
		domain = apart ? r->arguments[1] : r->arguments[0] + 2;
		r->arguments += used;
		r->arguments_count -= used;
	}
	return domain == NULL ? "" : domain;
}

static int
check_domain(struct slice domain)
{
	char text[USERS_LOGIN_MAX], reason[PREPARE_FAULT_MAX];
	struct buffer login = BUFFER_OVER(text), unfit = BUFFER_OVER(reason);
	const char *fault = passwd_login(slice_of("x"), domain, &login);

	if (fault == NULL && slice_find(domain, '@') != domain.len)
		fault = "an @ is put in front of it";
	if (fault == NULL)
		fault = prepare_login_fault(buffer_slice(&login), &unfit);
	if (fault == NULL)
		return 0;
	return tool_fatal(
		TOOL_USAGE, "-D %.*s: %s", (int)domain.len, domain.data, fault);
}

/* -D DOMAIN, then format and file. */
static int
take_arguments(struct import *i, struct passwd_request *r)
{
	const char *domain = take_domain(r);

	if (domain == NULL || r->arguments_count != 2)
		return tool_fatal(TOOL_USAGE, "import takes " PASSWD_IMPORT);
	i->r = r;
	i->domain = slice_of(domain);
	i->path = r->arguments[1];
	i->format = formats_find(slice_of(r->arguments[0]));
	if (i->format == NULL)
		return tool_fatal(TOOL_USAGE,
			"unknown format %.32s: import knows dovecot, htpasswd, "
			"shadow, vpasswd, sqmail and sasldb",
			r->arguments[0]);
	return check_domain(i->domain);
}

int
passwd_import(struct passwd_request *r)
{
	static struct import i;
	char domain[USERS_LOGIN_MAX + 1], reason[SOURCE_REASON_MAX];
	int status = take_arguments(&i, r);
	struct slice format;

	if (status != 0)
		return status;
	format = slice_of(i.format->name);
	if (source_open(&i.source, i.path, format, reason) != 0)
		return tool_fatal(TOOL_TEMPORARY, "unable to read %s: %s",
			i.path, reason);
	if (slice_is(format, "vpasswd")) {
		source_domain(i.path, domain);
		i.source.domain = slice_of(domain);
	}
	status = passwd_open(&i.file, r, true);
	if (status == 0) {
		status = import(&i);
		userfile_close(&i.file);
	}
	source_close(&i.source);
	return status;
}
