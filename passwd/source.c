/* source - see source.h. Used by smtpd-passwd. */
#include "passwd/source.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "passwd/userfile.h"
#include "lib/child.h"
#include "lib/clock.h"

#define LOOKED_AT 512 /* octets that tell text from anything else */

extern char **environ;

static int
fail(char *reason, const char *what, const char *why)
{
	(void)snprintf(reason, SOURCE_REASON_MAX, "%s%s", what, why);
	return -1;
}

static int
system_fail(char *reason)
{
	return fail(reason, "", strerror(errno));
}

/* Anonymous memory that can be written like a file, and mapped. */
static int
scratch(char *reason)
{
	int fd = memfd_create("smtpd-passwd", MFD_CLOEXEC);

	if (fd < 0)
		(void)system_fail(reason);
	return fd;
}

static int
map(int fd, struct slice *text, char *reason)
{
	struct stat status;

	if (fstat(fd, &status) != 0 ||
		userfile_map(fd, (size_t)status.st_size, text) != 0)
		return system_fail(reason);
	return 0;
}

/* A pipe has no size: what comes out of it is copied first. */
static int
copy(int from, int to)
{
	char block[65536];
	ssize_t n;

	while ((n = read(from, block, sizeof block)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || write(to, block, (size_t)n) != n)
			return -1;
	}
	explicit_bzero(block, sizeof block);
	return 0;
}

static int
read_file(struct formats_source *s, int fd, char *reason)
{
	struct stat status;
	int memory, result;

	if (fstat(fd, &status) != 0)
		return system_fail(reason);
	if (S_ISREG(status.st_mode))
		return map(fd, &s->text, reason);
	if (S_ISDIR(status.st_mode))
		return fail(reason, "is a directory", "");
	memory = scratch(reason);
	if (memory < 0)
		return -1;
	result = copy(fd, memory) == 0 ? map(memory, &s->text, reason)
				       : system_fail(reason);
	(void)close(memory); /* is mapped */
	return result;
}

/* ----------------------------------------------------------------- cdb --- */

static bool
write_line(FILE *out, struct cdb *cdb)
{
	const char *key = cdb_getkey(cdb), *data = cdb_getdata(cdb);
	unsigned klen = cdb_keylen(cdb), dlen = cdb_datalen(cdb);

	if (key == NULL || data == NULL)
		return false;
	/* A line end inside would make two users of one record. */
	if (memchr(key, '\n', klen) != NULL || memchr(data, '\n', dlen) != NULL)
		return fputs("a line end in a record\n", out) >= 0;
	return fwrite(key, 1, klen, out) == klen && fputc(':', out) != EOF &&
	       fwrite(data, 1, dlen, out) == dlen && fputc('\n', out) != EOF;
}

static int
write_lines(FILE *out, struct cdb *cdb, char *reason)
{
	unsigned at;
	int more;

	cdb_seqinit(&at, cdb);
	while ((more = cdb_seqnext(&at, cdb)) > 0)
		if (!write_line(out, cdb))
			return fail(reason, "damaged cdb", "");
	if (more < 0)
		return fail(reason, "damaged cdb", "");
	return fflush(out) == 0 ? 0 : system_fail(reason);
}

static int
read_cdb(struct formats_source *s, int fd, char *reason)
{
	struct cdb cdb;
	int memory, result;
	FILE *out;

	if (cdb_init(&cdb, fd) != 0)
		return fail(reason, "neither text nor a cdb", "");
	memory = scratch(reason);
	out = memory < 0 ? NULL : fdopen(memory, "w");
	if (out == NULL) {
		cdb_free(&cdb);
		return memory < 0 ? -1 : system_fail(reason);
	}
	result = write_lines(out, &cdb, reason);
	if (result == 0)
		result = map(memory, &s->text, reason);
	(void)fclose(out); /* is mapped */
	cdb_free(&cdb);
	return result;
}

/* ---------------------------------------------------------- Berkeley db --- */

/* Runs "db_dump -p -- PATH", or the name that Debian's db5.3-util has. */
static int
spawn_dump(pid_t *pid, const char *path, int out)
{
	char option[] = "-p", end[] = "--", name[] = "db_dump";
	char *arguments[] = {name, option, end, (char *)(uintptr_t)path, NULL};
	posix_spawn_file_actions_t actions;
	int error = posix_spawn_file_actions_init(&actions);

	if (error != 0)
		return error;
	error = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawnp(
			pid, "db_dump", &actions, NULL, arguments, environ);
	if (error == ENOENT)
		error = posix_spawnp(
			pid, "db5.3_dump", &actions, NULL, arguments, environ);
	(void)posix_spawn_file_actions_destroy(&actions); /* cannot fail */
	return error;
}

static int
read_dump(struct formats_source *s, const char *path, char *reason)
{
	int memory = scratch(reason), status = 0, error;
	int result = 0;
	pid_t pid;

	if (memory < 0)
		return -1;
	error = spawn_dump(&pid, path, memory);
	if (error == ENOENT)
		result = fail(reason, "is no text, and db_dump, which reads a ",
			"Berkeley db, is not here (Debian: db-util)");
	else if (error != 0)
		result = fail(
			reason, "unable to run db_dump: ", strerror(error));
	if (result == 0 && child_wait(pid, &status, CLOCK_NEVER) == -1)
		result = system_fail(reason);
	if (result == 0 && status != 0)
		result = fail(reason, "db_dump cannot read it", "");
	if (result == 0)
		result = map(memory, &s->text, reason);
	(void)close(memory); /* is mapped */
	return result;
}

/* ----------------------------------------------------------------- all --- */

static bool
is_text(struct slice text)
{
	struct slice start = text;

	if (start.len > LOOKED_AT)
		start.len = LOOKED_AT;
	return slice_find(start, '\0') == start.len;
}

/* Windows calls it Unicode. */
static bool
is_utf_16(struct slice text)
{
	return slice_starts_nocase(text, "\xff\xfe") ||
	       slice_starts_nocase(text, "\xfe\xff");
}

int
source_open(struct formats_source *s, const char *path, struct slice format,
	char *reason)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	*s = (struct formats_source){.seconds = clock_seconds()};
	if (fd < 0)
		return system_fail(reason);
	result = read_file(s, fd, reason);
	if (result == 0 && !is_text(s->text)) {
		bool wide = is_utf_16(s->text);

		source_close(s);
		if (wide)
			result =
				fail(reason, "is UTF-16: save it as UTF-8", "");
		else if (slice_is(format, "vpasswd"))
			result = read_cdb(s, fd, reason);
		else if (slice_is(format, "sasldb"))
			result = read_dump(s, path, reason);
		else
			result = fail(reason, "is no text", "");
	}
	s->is_dump = slice_starts_nocase(
		slice_from(s->text, userfile_mark(s->text)), "VERSION=");
	(void)close(fd); /* was only read */
	return result;
}

void
source_close(struct formats_source *s)
{
	userfile_unmap(s->text);
	s->text = SLICE_NONE;
	explicit_bzero(s->key, sizeof s->key);
	explicit_bzero(s->value, sizeof s->value);
}

void
source_domain(const char *path, char *out)
{
	char full[PATH_MAX];
	struct slice directory;

	out[0] = '\0';
	if (realpath(path, full) == NULL)
		return;
	directory = (struct slice){full, slice_find_last(slice_of(full), '/')};
	if (slice_find(directory, '/') < directory.len)
		directory = slice_from(
			directory, slice_find_last(directory, '/') + 1);
	if (slice_find(directory, '.') < directory.len &&
		slice_string(directory, out, USERS_LOGIN_MAX + 1) != 0)
		out[0] = '\0';
}
