/*
 * scratch - a directory of its own for a unit test that needs files. Below
 * $TMPDIR, readable by all, and removed with what is in it at the end.
 */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scratch {
	char path[200];
	int fd; /* of the directory */
};

/* A test without its files proves nothing: it ends here. */
static inline void
scratch_must(int good, const char *what)
{
	if (good)
		return;
	printf("Bail out! scratch: %s\n", what);
	exit(1);
}

static inline void
scratch_make(struct scratch *s)
{
	const char *base = getenv("TMPDIR");

	snprintf(s->path, sizeof s->path, "%s/smtpd-auth-unit.XXXXXX",
		base == NULL ? "/tmp" : base);
	scratch_must(mkdtemp(s->path) != NULL, s->path);
	scratch_must(chmod(s->path, 0755) == 0, s->path);
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	scratch_must(s->fd != -1, s->path);
}

static inline void
scratch_write(
	const struct scratch *s, const char *name, const void *data, size_t len)
{
	int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	scratch_must(fd != -1, name);
	scratch_must(write(fd, data, len) == (ssize_t)len, name);
	close(fd);
}

static inline void
scratch_text(const struct scratch *s, const char *name, const char *text)
{
	scratch_write(s, name, text, strlen(text));
}

/* A file of len octets, none of them written. */
static inline void
scratch_huge(const struct scratch *s, const char *name, off_t len)
{
	scratch_write(s, name, "", 0);
	int fd = openat(s->fd, name, O_WRONLY);

	scratch_must(fd != -1 && ftruncate(fd, len) == 0, name);
	close(fd);
}

/* Removes one name, or nothing. */
static inline void
scratch_remove(const struct scratch *s, const char *name)
{
	if (unlinkat(s->fd, name, 0) == -1)
		(void)unlinkat(s->fd, name, AT_REMOVEDIR);
}

static inline void
scratch_end(struct scratch *s)
{
	DIR *directory = opendir(s->path);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0)
			scratch_remove(s, entry->d_name);
	if (directory != NULL)
		closedir(directory);
	close(s->fd);
	rmdir(s->path);
}

#endif
