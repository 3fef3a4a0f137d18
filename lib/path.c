/*
 * path - see path.h. Run by main before it forks, by the keeper, smtpd-check,
 * smtpd-passwd, queue-sendmail and queue-qmqp.
 */
#include "lib/path.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/buffer.h"

const char *
path_join(char *out, size_t room, struct slice directory, const char *name)
{
	struct buffer path = {out, 0, room, false};

	buffer_add_slice(&path, directory);
	buffer_add_char(&path, '/');
	buffer_add_text(&path, name);
	const char *joined = buffer_string(&path);

	if (joined == NULL)
		errno = ENAMETOOLONG;
	return joined;
}

int
path_open(const char *path)
{
	return openat(
		AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

int
path_open_in(const char *directory, const char *name)
{
	char path[PATH_ROOM];

	return path_join(path, sizeof path, slice_of(directory), name) == NULL
		       ? -1
		       : path_open(path);
}
