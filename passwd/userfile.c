/* userfile - see userfile.h. Used by smtpd-passwd, never by the server. */
#include "passwd/userfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/path.h"

#define LET_GO_EACH ((size_t)1 << 20) /* octets */
#define MARK "\xef\xbb\xbf" /* UTF-8's byte order mark, which Windows adds */

int
userfile_fail(struct userfile *f, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(f->message, sizeof f->message, format, arguments);
	va_end(arguments);
	return -1;
}

void
userfile_warn(struct userfile *f, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(f->message, sizeof f->message, format, arguments);
	va_end(arguments);
	f->warn(f->message);
}

void
userfile_directory(const char *path, char out[USERFILE_PATH_MAX])
{
	size_t slash = slice_find_last(slice_of(path), '/');

	strcpy(out, path[slash] == '\0' ? "." : path);
	if (path[slash] != '\0')
		out[slash == 0 ? 1 : slash] = '\0';
}

static bool
is_link(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

/*
 * A symbolic link is followed, so that a rename doesn't replace it. Where it
 * leads to nothing there may be a disk that is not mounted.
 */
static int
resolve(struct userfile *f, const char *suffix, char *out, bool to_change)
{
	char path[USERFILE_PATH_MAX];
	int len = snprintf(path, sizeof path, "%s%s", f->name, suffix);

	/* Further suffixes are added to it later: ".lock", ".new". */
	if (len < 0 || (size_t)len > sizeof path - 16)
		return userfile_fail(f, "%.64s...: name too long", f->name);
	if (realpath(path, out) != NULL)
		return 0;
	if (to_change && is_link(path))
		return userfile_fail(f,
			"%s is a symbolic link that leads to no file: put that "
			"file back, or remove the link",
			path);
	strcpy(out, path);
	return 0;
}

static int
lock(struct userfile *f)
{
	char path[USERFILE_PATH_MAX + 8];

	(void)snprintf(path, sizeof path, "%s.lock", f->text_path);
	f->lock_fd =
		open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (f->lock_fd < 0)
		return userfile_fail(f, "unable to open %s.lock: %s", f->name,
			strerror(errno));
	while (flock(f->lock_fd, LOCK_EX) != 0)
		if (errno != EINTR)
			return userfile_fail(f, "unable to lock %s.lock: %s",
				f->name, strerror(errno));
	return 0;
}

int
userfile_map(int fd, size_t len, struct slice *text)
{
	void *memory;

	*text = slice_of("");
	if (len == 0)
		return 0;
	memory = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (memory == MAP_FAILED)
		return -1;
	*text = (struct slice){memory, len};
	return 0;
}

void
userfile_unmap(struct slice text)
{
	if (text.len > 0)
		(void)munmap((void *)(uintptr_t)text.data, text.len);
}

void
userfile_let_go(struct slice text, size_t from, size_t to)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	from -= from % page;
	to -= to % page;
	/* Should it fail, more memory is used, and nothing else. */
	if (to > from)
		(void)madvise((void *)(uintptr_t)(text.data + from), to - from,
			MADV_DONTNEED);
}

static int
open_text(struct userfile *f)
{
	int fd = path_open(f->text_path);
	int result = 0;

	if (fd < 0 && errno == ENOENT) {
		f->missing = true;
		return 0;
	}
	if (fd < 0 || fstat(fd, &f->status) != 0)
		result = userfile_fail(
			f, "unable to read %s: %s", f->name, strerror(errno));
	else if (!S_ISREG(f->status.st_mode))
		result = userfile_fail(f,
			"unable to read %s: not a regular "
			"file",
			f->name);
	else if (userfile_map(fd, (size_t)f->status.st_size, &f->text) != 0)
		result = userfile_fail(
			f, "unable to read %s: %s", f->name, strerror(errno));
	if (fd >= 0)
		(void)close(fd); /* was only read */
	return result;
}

int
userfile_open(struct userfile *f, const char *name, bool to_change,
	void (*warn)(const char *message))
{
	*f = (struct userfile){.name = name, .warn = warn, .lock_fd = -1};
	f->text = slice_of("");
	if (resolve(f, "", f->text_path, to_change) != 0 ||
		resolve(f, ".cdb", f->cdb_path, to_change) != 0 ||
		(to_change && lock(f) != 0) || open_text(f) != 0) {
		userfile_close(f);
		return -1;
	}
	return 0;
}

void
userfile_close(struct userfile *f)
{
	userfile_unmap(f->text);
	f->text = slice_of("");
	if (f->lock_fd >= 0)
		(void)close(f->lock_fd); /* was never written */
	f->lock_fd = -1;
}

size_t
userfile_mark(struct slice text)
{
	return slice_starts_nocase(text, MARK) ? strlen(MARK) : 0;
}

/* The line at the front of rest, to be kept as it is, in line->text. */
static void
take_line(struct slice rest, struct userfile_line *line)
{
	struct slice text = {rest.data, slice_find(rest, '\n')};

	/* Windows ends a line by CR LF. */
	while (text.len > 0 && text.data[text.len - 1] == '\r')
		text.len--;
	line->text = text;
	line->login = line->record = SLICE_NONE;
	if (text.len == 0 || text.data[0] == '#')
		return;
	line->record = text;
	line->login = slice_split(&line->record, ':');
}

bool
userfile_next(struct slice text, struct userfile_cursor *at,
	struct userfile_line *line)
{
	struct slice rest;

	if (at->lets_go && at->offset - at->gone >= LET_GO_EACH) {
		userfile_let_go(text, at->gone, at->offset);
		at->gone = at->offset;
	}
	if (at->offset == 0)
		at->offset = userfile_mark(text);
	if (at->offset >= text.len)
		return false;
	rest = slice_from(text, at->offset);
	take_line(rest, line);
	at->offset += slice_find(rest, '\n');
	if (at->offset < text.len)
		at->offset++; /* the LF */
	at->line++;
	return true;
}

size_t
userfile_lines(struct slice text, bool lets_go)
{
	struct userfile_cursor at = {.lets_go = lets_go};
	struct userfile_line line;

	while (userfile_next(text, &at, &line))
		;
	return at.line;
}

void
userfile_add_login(struct buffer *out, struct slice login)
{
	for (size_t i = 0; i < login.len; i++)
		buffer_add_char(out, bytes_lower(login.data[i]));
}

const char *
userfile_login_fault(struct slice login)
{
	if (login.len == 0)
		return "empty login";
	if (login.len > USERS_LOGIN_MAX)
		return "login longer than 255 octets";
	if (login.data[0] == '#')
		return "login begins with #";
	if (slice_find(login, ':') != login.len)
		return "login holds a colon";
	for (size_t i = 0; i < login.len; i++) {
		unsigned char c = (unsigned char)login.data[i];

		if (c <= ' ' || c == 0x7f)
			return "login holds a blank or control character";
	}
	return NULL;
}

/* What is wrong with a user's line before its fields are looked at. */
static const char *
line_fault(const struct userfile_line *line)
{
	if (line->login.data == NULL)
		return NULL;
	if (slice_find(line->text, '\0') != line->text.len)
		return "line holds a NUL";
	if (slice_find(line->text, '\r') != line->text.len)
		return "line holds a CR";
	if (line->record.data == NULL)
		return "no colon";
	if (line->record.len > USERS_RECORD_MAX)
		return "line longer than 4096 octets after the login";
	return userfile_login_fault(line->login);
}

const char *
userfile_parse(const struct userfile_line *line, struct user *user)
{
	const char *fault = line_fault(line);

	if (fault != NULL)
		return fault;
	if (users_parse(user, line->record) != 0)
		return "malformed fields";
	return user->bad_expiry ? "smtp_expires_ takes YYYY-MM-DD" : NULL;
}

bool
userfile_find(const struct userfile *f, struct slice login,
	struct userfile_line *line)
{
	struct userfile_cursor at = {.lets_go = true};

	while (userfile_next(f->text, &at, line))
		if (line->login.data != NULL &&
			slice_equal_nocase(line->login, login))
			return true;
	return false;
}
