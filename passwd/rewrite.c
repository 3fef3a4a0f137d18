/*
 * rewrite - userfile_change(): new text and new cdb beside the old ones,
 * then two renames. Used by smtpd-passwd, under the lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "passwd/census.h"
#include "passwd/compile.h"
#include "passwd/litter.h"
#include "lib/output.h"
#include "lib/path.h"

#define RUN_MAX ((size_t)1 << 20) /* octets copied at once */
#define KEY_LINE_MAX 80		  /* octets of the line with the site key */

/* A file that will take another one's place. */
struct replacement {
	const char *path; /* of the old one */
	char beside[USERFILE_PATH_MAX + 32];
	int fd;	       /* -1: none */
	nlink_t links; /* names of the old one */
};

static int
keep_rights(struct userfile *f, struct replacement *new)
{
	struct stat old, made;

	if (stat(new->path, &old) != 0) {
		if (errno != ENOENT)
			return userfile_fail(f, "unable to stat %s: %s",
				new->path, strerror(errno));
		return 0;
	}
	if (!S_ISREG(old.st_mode))
		return userfile_fail(f,
			"unable to replace %s: not a regular "
			"file",
			new->path);
	new->links = old.st_nlink;
	if (fstat(new->fd, &made) != 0)
		return userfile_fail(f, "unable to stat %s: %s", new->beside,
			strerror(errno));
	if ((made.st_uid != old.st_uid || made.st_gid != old.st_gid) &&
		fchown(new->fd, old.st_uid, old.st_gid) != 0)
		return userfile_fail(f, "unable to keep the owner of %s: %s",
			new->path, strerror(errno));
	if (fchmod(new->fd, old.st_mode & 07777) != 0)
		return userfile_fail(f, "unable to keep the mode of %s: %s",
			new->path, strerror(errno));
	return 0;
}

static int
create(const char *path)
{
	return open(
		path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

/* Rights come before content: nobody reads what the old file kept from him. */
static int
replacement_open(struct userfile *f, struct replacement *new, const char *path)
{
	new->path = path;
	(void)snprintf(new->beside, sizeof new->beside, "%s.new", path);
	litter_watch(new->beside);
	new->fd = create(new->beside);
	/* One that a killed run left behind; the lock says it is nobody's. */
	if (new->fd < 0 && errno == EEXIST) {
		if (unlink(new->beside) != 0)
			return userfile_fail(f, "unable to remove %s: %s",
				new->beside, strerror(errno));
		new->fd = create(new->beside);
	}
	if (new->fd < 0)
		return userfile_fail(f, "unable to create %s: %s", new->beside,
			strerror(errno));
	return keep_rights(f, new);
}

static int
replacement_sync(struct userfile *f, const struct replacement *new)
{
	if (new->fd >= 0 && fsync(new->fd) != 0)
		return userfile_fail(f, "unable to write %s: %s", new->beside,
			strerror(errno));
	return 0;
}

static int
sync_directory(struct userfile *f, const char *path)
{
	char directory[USERFILE_PATH_MAX];
	int fd, result = 0;

	userfile_directory(path, directory);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		result = userfile_fail(
			f, "unable to sync %s: %s", directory, strerror(errno));
	if (fd >= 0)
		(void)close(fd); /* was only read */
	return result;
}

/* A rename parts hard links, and only an older file is behind the others. */
static void
warn_if_parted(struct userfile *f, const struct replacement *new)
{
	if (new->links < 2)
		return;
	userfile_warn(f,
		"%s had %lu names (hard links): this one is a new file now, "
		"the others keep the old one",
		new->path, (unsigned long)new->links);
}

static int
replacement_rename(struct userfile *f, struct replacement *new)
{
	if (new->fd < 0)
		return 0;
	if (rename(new->beside, new->path) != 0)
		return userfile_fail(f, "unable to rename %s: %s", new->beside,
			strerror(errno));
	(void)close(new->fd); /* fsync has told */
	new->fd = -1;
	warn_if_parted(f, new);
	return sync_directory(f, new->path);
}

static void
replacement_drop(struct replacement *new)
{
	if (new->fd < 0)
		return;
	(void)close(new->fd);
	(void)unlink(new->beside); /* else the next run removes it */
}

static int
write_user(int fd, struct slice login, struct slice record)
{
	char line[USERS_LOGIN_MAX + USERS_RECORD_MAX + 2];
	struct buffer b = BUFFER_OVER(line);
	int result;

	buffer_add_slice(&b, login);
	buffer_add_char(&b, ':');
	buffer_add_slice(&b, record);
	buffer_add_char(&b, '\n');
	errno = EMSGSIZE;
	result = b.overflow ? -1 : output_all(fd, buffer_slice(&b));
	explicit_bzero(line, sizeof line);
	return result;
}

/* Octets of the old text as they are, without keeping them in memory. */
static int
write_run(int fd, struct slice text, size_t from, size_t to)
{
	while (from < to) {
		size_t len = to - from < RUN_MAX ? to - from : RUN_MAX;

		if (output_all(fd, (struct slice){text.data + from, len}) != 0)
			return -1;
		userfile_let_go(text, from, from + len);
		from += len;
	}
	return 0;
}

/* One of the logins that change. */
struct user_change {
	struct slice login, record;
	bool written; /* its new line; others of the login stay */
};

static struct user_change *
find_change(struct user_change changes[2], struct slice login)
{
	for (size_t i = 0; i < 2; i++)
		if (changes[i].login.data != NULL && !changes[i].written &&
			slice_equal_nocase(login, changes[i].login))
			return &changes[i];
	return NULL;
}

/* Have all logins that get a new line got it? */
static bool
is_done(const struct user_change changes[2])
{
	for (size_t i = 0; i < 2; i++)
		if (changes[i].login.data != NULL && !changes[i].written)
			return false;
	return true;
}

/*
 * The old text with the first line of the login replaced, or all of them
 * left out; what does not change is copied in runs, byte for byte.
 */
static int
write_lines(int fd, struct slice text, struct user_change changes[2])
{
	struct userfile_cursor at = {.lets_go = true};
	struct userfile_line line;
	struct user_change *change;
	size_t kept = 0; /* where the run not yet written begins */

	while (!is_done(changes) && userfile_next(text, &at, &line)) {
		change = line.login.data == NULL
				 ? NULL
				 : find_change(changes, line.login);
		if (change == NULL)
			continue;
		if (write_run(fd, text, kept,
			    (size_t)(line.text.data - text.data)) != 0)
			return -1;
		kept = at.offset;
		if (change->record.data == NULL)
			continue;
		if (write_user(fd, change->login, change->record) != 0)
			return -1;
		change->written = true;
	}
	return write_run(fd, text, kept, text.len);
}

static int
write_text(int fd, struct slice text, const struct userfile_edit *edit,
	struct slice key_line)
{
	struct user_change changes[2] = {{edit->login, edit->record, false},
		{edit->twin, edit->twin_record, false}};
	bool adds = edit->login.data != NULL && edit->record.data != NULL;

	if (text.len == 0 && output_all(fd, key_line) != 0)
		return -1;
	if (write_lines(fd, text, changes) != 0)
		return -1;
	adds = adds && !changes[0].written;
	/* Added at the end, a line moves no other: line numbers stay true. */
	if (text.len > 0 &&
		(adds || key_line.len > 0 || edit->append.len > 0) &&
		text.data[text.len - 1] != '\n' &&
		output_all(fd, slice_of("\n")) != 0)
		return -1;
	if (text.len > 0 && output_all(fd, key_line) != 0)
		return -1;
	if (adds && write_user(fd, edit->login, edit->record) != 0)
		return -1;
	return write_run(fd, edit->append, 0, edit->append.len);
}

/* Makes the new text and maps it, for the cdb to be made from it. */
static int
make_text(struct userfile *f, const struct userfile_edit *edit,
	struct slice key_line, struct replacement *new, struct slice *text)
{
	struct stat status;

	if (replacement_open(f, new, f->text_path) != 0)
		return -1;
	if (write_text(new->fd, f->text, edit, key_line) != 0 ||
		fstat(new->fd, &status) != 0)
		return userfile_fail(f, "unable to write %s: %s", new->beside,
			strerror(errno));
	if (userfile_map(new->fd, (size_t)status.st_size, text) != 0)
		return userfile_fail(f, "unable to read %s: %s", new->beside,
			strerror(errno));
	return 0;
}

/* An editor takes no lock: what it saved meanwhile is not to be lost. */
static int
check_unchanged(struct userfile *f)
{
	const struct timespec *old = &f->status.st_mtim;
	struct stat now;
	bool missing = stat(f->text_path, &now) != 0;

	if (missing == f->missing &&
		(missing || (now.st_ino == f->status.st_ino &&
				    now.st_size == f->status.st_size &&
				    now.st_mtim.tv_sec == old->tv_sec &&
				    now.st_mtim.tv_nsec == old->tv_nsec)))
		return 0;
	return userfile_fail(f, "%s was changed meanwhile: try again", f->name);
}

/* The second file that the compiler needs loses its name at once. */
static int
compile_with_spill(struct userfile *f, const struct compile *c,
	const struct replacement *cdb, struct census *census)
{
	struct replacement spill = {.fd = -1};
	char path[USERFILE_PATH_MAX + 16];
	int result;

	(void)snprintf(path, sizeof path, "%s.spill", f->cdb_path);
	if (replacement_open(f, &spill, path) != 0) {
		replacement_drop(&spill);
		return -1;
	}
	(void)unlink(spill.beside); /* else the next run removes it */
	result = compile_text(c, cdb->fd, spill.fd, census);
	(void)close(spill.fd); /* nobody wants to know */
	return result;
}

/* A new password that could not be shown is not stored. */
static int
show(struct userfile *f, struct slice text)
{
	if (text.len == 0 || output_all(STDOUT_FILENO, text) == 0)
		return 0;
	return userfile_fail(f,
		"unable to write to standard output: %s: nothing was changed",
		strerror(errno));
}

/*
 * Would the file that is there be no other? A server that has it open takes
 * each replacement for a reason to have its users log in again.
 */
static bool
is_same(const struct replacement *new)
{
	static char ours[RUN_MAX], theirs[RUN_MAX];
	int old = path_open(new->path);
	ssize_t n = -1, m = -1;
	off_t at = 0;

	if (old < 0)
		return false;
	do {
		n = pread(new->fd, ours, sizeof ours, at);
		m = pread(old, theirs, sizeof theirs, at);
		at += n;
	} while (n > 0 && n == m && memcmp(ours, theirs, (size_t)n) == 0);
	(void)close(old); /* was only read */
	explicit_bzero(ours, sizeof ours);
	explicit_bzero(theirs, sizeof theirs);
	return n == 0 && m == 0;
}

static int
replace_both(struct userfile *f, const struct compile *c,
	const struct userfile_edit *edit, struct replacement *text,
	struct replacement *cdb, struct census *census)
{
	if (replacement_open(f, cdb, f->cdb_path) != 0 ||
		compile_with_spill(f, c, cdb, census) != 0 ||
		replacement_sync(f, text) != 0 ||
		replacement_sync(f, cdb) != 0 || show(f, edit->show) != 0 ||
		check_unchanged(f) != 0)
		return -1;
	/* Killed in between, the cdb is older than the text, which shows. */
	if (replacement_rename(f, text) != 0)
		return -1;
	return is_same(cdb) ? 0 : replacement_rename(f, cdb);
}

int
userfile_change(struct userfile *f, const struct userfile_edit *edit,
	struct census *census)
{
	struct compile c = {
		.file = f, .text = f->text, .lenient = edit->lenient};
	struct replacement text = {.fd = -1}, cdb = {.fd = -1};
	char key_text[KEY_LINE_MAX];
	struct buffer key_line = BUFFER_OVER(key_text);
	bool add_key;
	int result = 0;

	if (f->missing && access(f->cdb_path, F_OK) == 0)
		return userfile_fail(f,
			"%s is missing, %s.cdb is not: put it "
			"back, or remove the cdb",
			f->name, f->name);
	if (compile_key(&c, &add_key) != 0)
		return -1;
	if (add_key)
		compile_key_line(&key_line, c.key);
	if (add_key || edit->login.data != NULL || edit->append.len > 0)
		result = make_text(
			f, edit, buffer_slice(&key_line), &text, &c.text);
	if (result == 0)
		result = replace_both(f, &c, edit, &text, &cdb, census);
	if (c.text.data != f->text.data)
		userfile_unmap(c.text);
	replacement_drop(&text);
	replacement_drop(&cdb);
	litter_forget();
	explicit_bzero(&c.key, sizeof c.key);
	explicit_bzero(key_text, sizeof key_text);
	return result;
}
