/* renewal - see renewal.h. */
#include "keeper/renewal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buffer.h"
#include "lib/clock.h"

#define HOPS_MAX 8 /* links that lead to links */

static bool
is_young(const struct stat *status)
{
	int64_t age = clock_seconds() - status->st_ctime;

	return age >= 0 && age < RENEWAL_SECONDS;
}

bool
renewal_is_young(int fd)
{
	struct stat status;

	return fd != -1 && fstat(fd, &status) == 0 && is_young(&status);
}

bool
renewal_dangles(const char *path)
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

bool
renewal_is_relinked(const char *path)
{
	char text[2048], target[1024];
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
	       is_young(&status);
}

void
renewal_wait(void)
{
	(void)poll(NULL, 0, RENEWAL_STEP);
}
