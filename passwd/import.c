/* import - the command import of smtpd-passwd: see formats.h for the files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "passwd/passwd.h"
#include "passwd/prepare.h"
#include "passwd/progress.h"
#include "passwd/seen.h"
#include "passwd/source.h"

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
	size_t came, refused, disabled;
	size_t without; /* came without a password: disabled until it is set */
	size_t usable[CENSUS_MECHS_MAX]; /* users of mechanisms[i] */
};

static void
tell(const struct import *i, size_t line, const char *word, const char *what)
{
	(void)fprintf(stderr, PASSWD_PROGRAM ": %s:%zu: %s%s\n", i->path, line,
		word, what);
}

static size_t
count_lines(struct slice text)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;

	while (userfile_next(text, &at, &line))
		;
	return at.line;
}

/* The logins that are there already, whatever else their lines hold. */
static int
remember_existing(struct import *i)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;
	struct slice none = {NULL, 0};

	if (seen_open(&i->seen, count_lines(i->file.text) +
					count_lines(i->source.text)) != 0)
		return -1;
	while (userfile_next(i->file.text, &at, &line)) {
		char text[USERS_LOGIN_MAX];
		struct buffer login = BUFFER_OVER(text);

		if (line.login.data != NULL &&
			passwd_login(line.login, none, &login) == NULL)
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
	const char *fault = NULL;
	bool changed;

	buffer_add_slice(&password, clear);
	if (password.overflow)
		fault = "password longer than 511 octets";
	else if (password.len == 0)
		fault = "no password";
	else if (slice_find(clear, '\r') != clear.len)
		fault = "password holds a CR";
	else if (slice_find(clear, '\0') != clear.len)
		fault = "password holds a NUL";
	else if (prepare_password(&password, &changed) != NULL)
		i->note = "the password cannot be prepared by SASLprep: it "
			  "was stored as it is";
	p.password = buffer_slice(&password);
	if (fault == NULL &&
		record_set_password(record, (struct slice){NULL, 0}, &p) != 0)
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

static void
count_user(struct import *i)
{
	i->came++;
	i->disabled += i->user.disabled;
	i->without += i->user.secrets_count == 0;
	for (size_t k = 0; k < CENSUS_MECHS_MAX && mechanisms[k] != NULL; k++)
		i->usable[k] += mechanisms[k]->usable(&i->user);
}

static const char *
take_user(struct import *i, const struct formats_user *from, size_t number)
{
	char text[USERS_LOGIN_MAX + USERS_RECORD_MAX + 2];
	char login_text[USERS_LOGIN_MAX];
	struct buffer login = BUFFER_OVER(login_text), line = BUFFER_OVER(text);
	struct buffer unfit = BUFFER_OVER(i->fault);
	struct slice domain =
		i->source.domain.len > 0 ? i->source.domain : i->r->domain;
	const char *fault = passwd_login(from->login, domain, &login);

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
		size_t before =
			seen_add(&i->seen, buffer_slice(&login), number);

		if (before == UINT32_MAX)
			fault = "the user exists already: del comes first";
		else if (before != 0)
			fault = "the same user as on an earlier line";
	}
	if (fault == NULL &&
		fwrite(line.data, 1, line.len, i->lines) != line.len)
		fault = strerror(errno);
	if (fault == NULL)
		count_user(i);
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
			i->refused++;
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

/* ------------------------------------------------------------- the whole ---
 */

static int
add_lines(struct import *i)
{
	struct userfile_edit edit = {0};
	struct census census;
	int result;

	if (fflush(i->lines) != 0 ||
		userfile_map(fileno(i->lines), (size_t)ftell(i->lines),
			&edit.append) != 0)
		return passwd_fatal(PASSWD_TEMPORARY, "unable to import %s: %s",
			i->path, strerror(errno));
	result = userfile_change(&i->file, &edit, &census);
	userfile_unmap(edit.append);
	return result == 0 ? 0 : passwd_trouble(&i->file);
}

static void
report(const struct import *i)
{
	(void)printf("%zu user%s imported, %zu of them disabled; %zu line%s "
		     "refused\n",
		i->came, i->came == 1 ? "" : "s", i->disabled, i->refused,
		i->refused == 1 ? "" : "s");
	for (size_t k = 0; k < CENSUS_MECHS_MAX && mechanisms[k] != NULL; k++)
		(void)printf("%s: %zu of %zu\n", mechanisms[k]->name,
			i->usable[k], i->came);
	if (i->without > 0)
		(void)fprintf(stderr,
			PASSWD_PROGRAM ": warning: %zu came without a "
				       "password: " PASSWD_PROGRAM
				       " set makes one and enables\n",
			i->without);
}

static int
import_open(struct import *i)
{
	int memory = memfd_create("smtpd-passwd", MFD_CLOEXEC);

	i->lines = memory < 0 ? NULL : fdopen(memory, "w+");
	if (i->lines != NULL && remember_existing(i) == 0)
		return 0;
	return passwd_fatal(PASSWD_TEMPORARY, "unable to import %s: %s",
		i->path, strerror(errno));
}

static int
import(struct import *i)
{
	int status = import_open(i);

	if (status == 0) {
		take_lines(i);
		status = i->came > 0 ? add_lines(i) : 0;
	}
	if (status == 0) {
		report(i);
		status = i->refused > 0 ? PASSWD_NO : 0;
	}
	if (i->lines != NULL)
		(void)fclose(i->lines); /* is memory */
	seen_close(&i->seen);
	explicit_bzero(&i->user, sizeof i->user);
	return status;
}

int
passwd_import(const struct passwd_request *r)
{
	static struct import i;
	char domain[USERS_LOGIN_MAX + 1], reason[SOURCE_REASON_MAX];
	struct slice format = slice_of(r->arguments[0]);
	int status;

	i.r = r;
	i.path = r->arguments[1];
	i.format = formats_find(format);
	if (i.format == NULL)
		return passwd_fatal(PASSWD_USAGE,
			"unknown format %.32s: import knows dovecot, htpasswd, "
			"shadow, vpasswd, sqmail and sasldb",
			r->arguments[0]);
	if (source_open(&i.source, i.path, format, reason) != 0)
		return passwd_fatal(PASSWD_TEMPORARY, "unable to read %s: %s",
			i.path, reason);
	if (slice_is(format, "vpasswd")) {
		source_domain(i.path, domain);
		i.source.domain = slice_of(domain);
	}
	if (userfile_open(&i.file, r->file, true, passwd_warn) != 0)
		status = passwd_trouble(&i.file);
	else {
		status = import(&i);
		userfile_close(&i.file);
	}
	source_close(&i.source);
	return status;
}
