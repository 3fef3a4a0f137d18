/* Unit test of lib/path: a file of a directory, and no octet too many. */
#include "lib/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scratch.h"
#include "tests/tap.h"

static void
check_join(void)
{
	struct slice directory = {"/var/control!", 12};
	char out[sizeof "/var/control/me" + 1];

	memset(out, '#', sizeof out);
	ok(path_join(out, sizeof out - 1, directory, "me") == out &&
			strcmp(out, "/var/control/me") == 0,
		"directory, slash and name, where they just fit");
	ok(out[sizeof out - 1] == '#', "and nothing behind them");
	errno = 0;
	ok(path_join(out, sizeof out - 2, directory, "me") == NULL &&
			errno == ENAMETOOLONG,
		"one octet less is too little");
	ok(out[sizeof out - 2] == '\0', "and is not written to");
}

static void
check_open(const struct scratch *s)
{
	char text[4], long_name[PATH_ROOM + 1];
	int fd;

	scratch_text(s, "file", "abc");
	fd = path_open_in(s->path, "file");
	ok(read(fd, text, sizeof text) == 3 && memcmp(text, "abc", 3) == 0,
		"a file is opened to be read");
	ok(write(fd, "x", 1) == -1, "and not to be written");
	ok(fcntl(fd, F_GETFD) == FD_CLOEXEC, "no program gets it");
	close(fd);
	scratch_must(mkfifoat(s->fd, "fifo", 0600) == 0, "mkfifo");
	fd = path_open_in(s->path, "fifo");
	ok(fd != -1, "a FIFO that nobody writes to is opened at once");
	close(fd);
	ok(path_open_in(s->path, "missing") == -1 && errno == ENOENT,
		"one that is not there");
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	ok(path_open_in(s->path, long_name) == -1 && errno == ENAMETOOLONG,
		"one whose name is too long");
}

int
main(void)
{
	struct scratch scratch;

	scratch_make(&scratch);
	check_join();
	check_open(&scratch);
	scratch_end(&scratch);
	return tap_done();
}
