/* logdir - see logdir.h. */
#include "report/logdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/stamp.h"

#define LABEL 25  /* "@" and 24 digits */
#define ROUNDS 16 /* a log that turns faster than it is read: enough */

/*
 * A file that has been finished, by multilog's name for it: .s safely, .u when
 * the logger or the machine died, and for a while with svlogd.
 */
static bool
is_finished(const char *name)
{
	struct stamp stamp;
	size_t len = strlen(name);

	return len == LABEL + 2 && name[LABEL] == '.' &&
	       (name[len - 1] == 's' || name[len - 1] == 'u') &&
	       stamp_tai((struct slice){name, len}, &stamp) == 0;
}

static bool
is_same(const struct stat *status, const struct logdir_file *file)
{
	return status->st_dev == file->device && status->st_ino == file->inode;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* A name bears the time when its file was finished. */
static bool
is_wanted(const struct logdir *dir, const char *name)
{
	struct stamp stamp;

	if (!is_finished(name) || strncmp(name, dir->last, LABEL) <= 0)
		return false;
	return stamp_tai(slice_of(name), &stamp) == -1 ||
	       stamp.seconds >= dir->since;
}

static int
add_name(struct logdir *dir, const char *name)
{
	if (dir->count % 64 == 0) {
		void *more = realloc(
			dir->names, (dir->count + 64) * sizeof *dir->names);

		if (more == NULL)
			return -1;
		dir->names = more;
	}
	memcpy(dir->names[dir->count++], name, strlen(name) + 1);
	return 0;
}

/* What was finished since the last time. */
static int
list(struct logdir *dir)
{
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (stream == NULL)
		return -1;
	dir->count = dir->next = 0;
	while (result == 0 && (entry = readdir(stream)) != NULL)
		if (is_wanted(dir, entry->d_name))
			result = add_name(dir, entry->d_name);
	(void)closedir(stream); /* was read only */
	if (dir->count > 0) {
		qsort(dir->names, dir->count, sizeof *dir->names, compare);
		memcpy(dir->last, dir->names[dir->count - 1], LOGDIR_NAME);
	}
	return result;
}

static int
open_current(struct logdir *dir)
{
	struct stat status;

	dir->current = openat(dir->fd, "current", O_RDONLY | O_CLOEXEC);
	dir->has_current = false;
	if (dir->current == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(dir->current, &status) == -1)
		return -1;
	dir->has_current = true;
	dir->file = (struct logdir_file){status.st_dev, status.st_ino};
	return 0;
}

/* Where current goes first: multilog and s6-log finish it from there. */
static int
open_previous(struct logdir *dir)
{
	struct stat status;

	dir->previous = openat(dir->fd, "previous", O_RDONLY | O_CLOEXEC);
	if (dir->previous == -1)
		return errno == ENOENT ? 0 : -1;
	if (fstat(dir->previous, &status) == -1)
		return -1;
	bool known = (dir->has_current && is_same(&status, &dir->file)) ||
		     (dir->has_previous && is_same(&status, &dir->before));

	if (known) {
		(void)close(dir->previous);
		dir->previous = -1;
		return 0;
	}
	if (dir->has_read && is_same(&status, &dir->read))
		(void)lseek(dir->previous, dir->position, SEEK_SET);
	return 0;
}

/* Was it there still when the others had been listed? */
static bool
previous_stays(struct logdir *dir)
{
	struct stat status, now;

	if (fstat(dir->previous, &status) == -1 ||
		fstatat(dir->fd, "previous", &now, 0) == -1)
		return false;
	dir->before = (struct logdir_file){status.st_dev, status.st_ino};
	dir->has_previous = is_same(&now, &dir->before);
	return dir->has_previous;
}

/*
 * First current, then previous, then the list: what moves on in between stands
 * in the list, and is a file that is open already. A previous that is gone
 * when the list is there may have been finished too late for it: once more.
 */
static int
begin(struct logdir *dir)
{
	char last[LOGDIR_NAME];

	memcpy(last, dir->last, sizeof last);
	if (open_current(dir) == -1)
		return -1;
	for (unsigned i = 0; i < ROUNDS; i++) {
		memcpy(dir->last, last, sizeof last);
		if (open_previous(dir) == -1 || list(dir) == -1)
			return -1;
		if (dir->previous == -1 || previous_stays(dir))
			return 0;
		(void)close(dir->previous);
		dir->previous = -1;
	}
	return 0;
}

int
logdir_open(struct logdir *dir, const char *path, int64_t since)
{
	static const char *const below[] = {".", "main", "log/main"};
	int top = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	*dir = (struct logdir){
		.fd = -1, .current = -1, .previous = -1, .since = since};
	if (top == -1)
		return -1;
	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		dir->fd = openat(
			top, below[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir->fd == -1 && errno != ENOENT)
			break;
		if (dir->fd == -1)
			continue;
		if (begin(dir) == -1)
			break;
		if (dir->has_current || dir->previous != -1 || dir->count > 0) {
			(void)close(top); /* was only a way */
			return 0;
		}
		(void)close(dir->fd);
		dir->fd = -1;
		errno = ENOENT;
	}
	int error = errno == ENOENT ? ENODATA : errno;

	(void)close(top);
	errno = error;
	return -1;
}

/* A finished file; -1 with errno 0 when it is gone, or is read later. */
static int
open_finished(struct logdir *dir, char *name)
{
	struct stat status;
	int fd = openat(dir->fd, name, O_RDONLY | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT) {
		name[LABEL + 1] = 's';
		fd = openat(dir->fd, name, O_RDONLY | O_CLOEXEC);
	}

	if (fd == -1) {
		/* s6-log and multilog keep so many files, no more. */
		if (errno == ENOENT) {
			dir->gone++;
			errno = 0;
		}
		return -1;
	}
	if (fstat(fd, &status) == -1)
		return fd;
	if ((dir->has_current && is_same(&status, &dir->file)) ||
		(dir->has_previous && is_same(&status, &dir->before))) {
		(void)close(fd); /* was opened by its other name */
		errno = 0;
		return -1;
	}
	if (dir->has_read && is_same(&status, &dir->read))
		(void)lseek(fd, dir->position, SEEK_SET); /* or once more */
	return fd;
}

/*
 * Has what we read as current been finished meanwhile? Then there is more: its
 * last lines, what was finished after it, and a new current.
 */
static int
turned(struct logdir *dir)
{
	struct stat status;

	if (!dir->has_current || dir->rounds++ == ROUNDS)
		return 0;
	if (fstatat(dir->fd, "current", &status, 0) == 0 &&
		is_same(&status, &dir->file))
		return 0;
	dir->read = dir->file;
	dir->has_read = true;
	return begin(dir) == -1 ? -1 : 1;
}

void
logdir_left(struct logdir *dir, off_t position)
{
	dir->position = position;
}

int
logdir_next(struct logdir *dir, bool *whole)
{
	for (;;) {
		while (dir->next < dir->count) {
			int fd = open_finished(dir, dir->names[dir->next++]);

			*whole = false;
			if (fd != -1 || errno != 0)
				return fd;
		}
		if (dir->previous != -1) {
			int fd = dir->previous;

			*whole = false;
			dir->previous = -1;
			return fd;
		}
		if (dir->current != -1) {
			int fd = dir->current;

			*whole = true;
			dir->current = -1;
			return fd;
		}
		int more = turned(dir);

		errno = more == 0 ? 0 : errno;
		if (more <= 0)
			return -1;
	}
}
