/*
 * servicedir - see servicedir.h; runscript.c reads the run script. Run by
 * smtpd-check.
 */
#include "check/servicedir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/report.h"
#include "lib/jail.h"

#define VALUE_MAX 65536 /* octets of a file in env/ */

void
servicedir_defaults(struct service *s)
{
	*s = (struct service){.jail = "/var/empty", .base = JAIL_BASE};
}

/* The start of a regular file, ended by NUL. Its length, or -1 with errno. */
static ssize_t
read_start(int directory, const char *name, char *text, size_t cap)
{
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t len = 0;
	ssize_t got = 1;

	if (fd == -1)
		return -1;
	while (got > 0 && len < cap - 1) {
		got = read(fd, text + len, cap - 1 - len);
		if (got > 0)
			len += (size_t)got;
	}
	int error = errno;

	close(fd);
	errno = error;
	text[len] = '\0';
	return got < 0 ? -1 : (ssize_t)len;
}

/* envdir(8): the first line, no trailing blanks, NUL stands for LF. */
static int
set_variable(int directory, const char *name)
{
	static char text[VALUE_MAX];
	ssize_t got = read_start(directory, name, text, sizeof text);

	if (got == -1)
		return -1;
	if (got == 0)
		return unsetenv(name);
	size_t len = 0;

	for (; len < (size_t)got && text[len] != '\n'; len++)
		if (text[len] == '\0')
			text[len] = '\n';
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	text[len] = '\0';
	return setenv(name, text, 1);
}

/* *what: the file that cannot be read. */
static int
read_directory(const char *path, const char **what)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	*what = path;
	if (directory == NULL)
		return -1;
	while ((entry = readdir(directory)) != NULL) {
		if (entry->d_name[0] == '.' ||
			strchr(entry->d_name, '=') != NULL)
			continue;
		if (set_variable(dirfd(directory), entry->d_name) == -1) {
			*what = report_text("%s/%s", path, entry->d_name);
			closedir(directory);
			return -1;
		}
	}
	closedir(directory);
	return 0;
}

int
servicedir_read_environment(const char *directory)
{
	const char *what;

	return read_directory(directory, &what);
}

int
servicedir_enter(struct service *s, const char *directory, const char **what)
{
	const char *path = getenv("PATH");
	char *kept =
		strdup(path == NULL ? "/usr/local/bin:/usr/bin:/bin" : path);

	*what = directory;
	if (kept == NULL || chdir(directory) == -1)
		return -1;
	s->directory = realpath(".", NULL);
	if (s->directory == NULL || clearenv() != 0 ||
		setenv("PATH", kept, 1) == -1)
		return -1;
	free(kept);
	return read_directory("env", what) == -1 && errno != ENOENT ? -1 : 0;
}

void
servicedir_read_run(struct service *s)
{
	static char text[SERVICEDIR_RUN_MAX];

	if (read_start(AT_FDCWD, "run", text, sizeof text) == -1)
		s->fault = strerror(errno);
	else
		servicedir_parse_run(s, text);
	const char *name = strrchr(s->directory, '/') + 1;
	uint64_t number;

	if (s->port == NULL && slice_number(slice_of(name), &number) == 0)
		s->port = name;
}

const char *
servicedir_run(const struct service *s)
{
	return report_quoted(report_text(
		"%s/run", s->directory == NULL ? "." : s->directory));
}
