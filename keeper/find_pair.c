/*
 * find_pair - see find_pair.h. Run by main before it forks, as root, by the
 * keeper, and by smtpd-check.
 */
#include "keeper/find_pair.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/pair.h"
#include "lib/buffer.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/path.h"

#define HOPS_MAX 8	   /* links that lead to links */
#define RENEWAL_STEP 10	   /* milliseconds from one look to the next */
#define RENEWAL_TRIES 100  /* so many looks */
#define RENEWAL_SECONDS 10 /* younger files may be part of one */

static const char dangling[] = "a link to nothing";

static int
fail(struct signer *s, const char *file, const char *reason)
{
	s->file = file;
	s->reason = reason;
	return -1;
}

/* ----------------------------------------------- is this a renewal? --- */

static bool
is_recent(const struct stat *status)
{
	int64_t age = clock_seconds() - status->st_ctime;

	return age >= 0 && age < RENEWAL_SECONDS;
}

/*
 * Has this file changed lately? One fstat(2); false for -1. A file of the
 * future has not: the clock is behind, and would be so for long.
 */
static bool
is_young(int fd)
{
	struct stat status;

	return fd != -1 && fstat(fd, &status) == 0 && is_recent(&status);
}

/* There is nothing to open at path: is there a link to nothing? */
static bool
dangles(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Ends a path behind its last slash. */
static void
cut_name(struct buffer *path)
{
	path->len = slice_find_last(buffer_slice(path), '/');
	buffer_add_char(path, '/');
}

/*
 * Such a link: has the directory that it leads to, another than its own,
 * changed lately?
 */
static bool
is_relinked(const char *path)
{
	char text[2 * PATH_ROOM], target[PATH_ROOM];
	struct buffer at = BUFFER_OVER(text);
	struct stat status, own;
	ssize_t len = 0;

	buffer_add_text(&at, path);
	for (int hops = 0; hops < HOPS_MAX; hops++) {
		if (buffer_string(&at) == NULL)
			return false;
		len = readlink(text, target, sizeof target);
		if (len <= 0 || (size_t)len == sizeof target)
			break;
		if (target[0] == '/')
			at.len = 0;
		else
			cut_name(&at);
		buffer_add(&at, target, (size_t)len);
	}
	if (stat(text, &status) == 0)
		return true; /* it is there again */
	cut_name(&at);
	if (buffer_string(&at) == NULL || stat(text, &status) == -1)
		return false;
	at.len = 0;
	buffer_add_text(&at, path);
	cut_name(&at);
	return buffer_string(&at) != NULL && stat(text, &own) == 0 &&
	       (own.st_ino != status.st_ino || own.st_dev != status.st_dev) &&
	       is_recent(&status);
}

/* ------------------------------------------------------------ files --- */

/* name: NULL for the default pair. NULL where it does not fit. */
static const char *
path_of(const char *directory, const char *name, const char *file, char *out,
	size_t room)
{
	char text[SIGNER_FILE_TEXT];
	struct buffer in = BUFFER_OVER(text);

	if (name != NULL) {
		buffer_add_text(&in, "servercerts/");
		buffer_add_text(&in, name);
		buffer_add_char(&in, '/');
	}
	buffer_add_text(&in, file);
	return buffer_string(&in) == NULL
		       ? NULL
		       : path_join(out, room, slice_of(directory), text);
}

/* -1 with s->file NULL: there is none. */
static int
open_file(struct signer *s, const char *name, const char *file)
{
	char path[PATH_ROOM];

	if (path_of(s->directory, name, file, path, sizeof path) == NULL)
		return fail(s, file, "path too long");
	int fd = path_open(path);

	if (fd == -1 && errno != ENOENT)
		fail(s, file, strerror(errno));
	else if (fd == -1 && dangles(path))
		fail(s, file, dangling);
	return fd;
}

/* Names the file with its directory, for the log; -1. */
static int
name_file(struct signer *s, const char *name)
{
	s->file = path_of(
		"control", name, s->file, s->file_text, sizeof s->file_text);
	return -1;
}

/* Opens a pair: the default one, or that of a name in servercerts. */
static int
open_pair(struct signer *s, const char *name, int *certificate, int *key)
{
	s->file = NULL;
	*certificate = open_file(s, name, "servercert.pem");
	if (*certificate == -1)
		return s->file == NULL ? 0 : -1;
	*key = open_file(s, name, "serverkey.pem");
	return s->file == NULL ? 0 : -1;
}

/* How many looks more the rest of a renewal is worth, if this is one. */
static int
half_renewed(const struct signer *s, const char *name, int certificate, int key)
{
	char path[PATH_ROOM];

	if (is_young(certificate) || is_young(key))
		return RENEWAL_TRIES;
	if (s->file != NULL && s->reason == dangling &&
		path_of(s->directory, name, s->file, path, sizeof path) !=
			NULL &&
		is_relinked(path))
		return RENEWAL_TRIES;
	return 0;
}

static void
wait_step(void)
{
	(void)poll(NULL, 0, RENEWAL_STEP);
}

/* -------------------------------------------------- before the fork --- */

/*
 * Do certificate and key belong together? A child looks: this process is
 * about to fork the session, and must not have held the key in the clear.
 */
static bool
is_pair(struct signer *s)
{
	int status = -1;
	pid_t child;

	if (s->certificate_fd == -1)
		return false;
	child = fork();
	if (child == 0)
		_exit(pair_load(s, s->certificate_fd, s->key_fd) == 0 ? 0 : 1);
	if (child == -1)
		return true;
	(void)child_wait(child, &status, CLOCK_NEVER);
	return status == 0;
}

int
find_pair_open(struct signer *s, const char *directory, enum config_tls tls_min)
{
	s->directory = directory;
	s->certificate_fd = s->key_fd = -1;
	s->allow_sha1 = tls_min < TLS_1_2;
	for (int tries = 0;; tries++) {
		int *certificate = &s->certificate_fd, *key = &s->key_fd;
		int result = open_pair(s, NULL, certificate, key);

		if (tries >= half_renewed(s, NULL, *certificate, *key) ||
			(result == 0 && is_pair(s))) {
			if (result == 0)
				return 0;
			bool none = *certificate == -1 && s->reason == dangling;

			pair_close(certificate, key);
			name_file(s, NULL);
			return none ? 0 : -1;
		}
		pair_close(certificate, key);
		wait_step();
	}
}

/* -------------------------------------------- when TLS is asked for --- */

/* Opens and decodes a pair; *wait: how long that may be worth another try. */
static int
load_once(struct signer *s, const char *name, int *wait)
{
	int certificate = -1, key = -1;
	int result = open_pair(s, name, &certificate, &key);

	if (result == 0)
		result = certificate == -1
				 ? fail(s, "servercert.pem", strerror(ENOENT))
				 : pair_load(s, certificate, key);
	*wait = result == 0 ? 0 : half_renewed(s, name, certificate, key);
	pair_close(&certificate, &key);
	return result;
}

static int
load_named(struct signer *s, const char *name)
{
	int wait;

	for (int tries = 0; load_once(s, name, &wait) == -1; tries++) {
		if (tries >= wait)
			return name_file(s, name);
		wait_step();
	}
	return 0;
}

/*
 * A certificate renewal replaces two files, one after the other; what we
 * opened may be one of each. So it is read again: by path where the account
 * may, else from what is open, which may be written in place.
 */
static int
load_default(struct signer *s)
{
	int wait;

	for (int tries = 0; pair_load(s, s->certificate_fd, s->key_fd) == -1;
		tries++) {
		if (load_once(s, NULL, &wait) == 0)
			break;
		if (wait == 0)
			wait = half_renewed(
				s, NULL, s->certificate_fd, s->key_fd);
		if (tries >= wait) {
			(void)pair_load(s, s->certificate_fd, s->key_fd);
			return name_file(s, NULL);
		}
		wait_step();
	}
	s->file = NULL;
	return 0;
}

/* "*.example.com" is for one label more, whatever it is. */
static bool
covers(struct slice entry, struct slice name)
{
	size_t dot = slice_find(name, '.');

	return entry.len > 2 && entry.data[0] == '*' && dot > 0 &&
	       dot < name.len &&
	       slice_equal_nocase(slice_from(entry, 1), slice_from(name, dot));
}

/*
 * The client's name never becomes a path: the directory's entry does. 1, 0
 * when there is none, -1 with file and reason when that cannot be told.
 */
static int
find_name(struct signer *s, struct slice name, char *out, size_t cap)
{
	char path[PATH_ROOM];
	int found = 0;
	bool exact = false;

	if (name.len == 0 || name.data[0] == '.' ||
		path_of(s->directory, NULL, "servercerts", path, sizeof path) ==
			NULL)
		return 0;
	DIR *directory = opendir(path);

	if (directory == NULL)
		return errno == ENOENT ? 0
				       : fail(s, "control/servercerts",
						 strerror(errno));
	for (struct dirent *at; !exact && (at = readdir(directory)) != NULL;) {
		struct slice entry = slice_of(at->d_name);

		exact = slice_equal_nocase(entry, name);
		if ((exact || covers(entry, name)) &&
			slice_string(entry, out, cap) == 0)
			found = 1;
	}
	closedir(directory);
	return found;
}

/* An expired certificate is served; the log tells the admin. */
static int
loaded(struct signer *s, const char *name)
{
	if (s->dates != NULL) {
		fail(s, "servercert.pem", s->dates);
		name_file(s, name);
	}
	return 0;
}

int
find_pair_load(struct signer *s, struct slice name)
{
	char entry[256];

	s->file = NULL;
	int found = find_name(s, name, entry, sizeof entry);

	if (found == 0 && s->type != KEY_NONE)
		return 0;
	if (found == 0)
		return load_default(s) == -1 ? -1 : loaded(s, NULL);
	if (found == 1 && load_named(s, entry) == 0)
		return loaded(s, entry);
	/* The default pair then, and why. */
	const char *file = s->file, *reason = s->reason;

	if (s->type == KEY_NONE && load_default(s) == -1)
		return -1;
	s->file = file;
	s->reason = reason;
	return 0;
}
