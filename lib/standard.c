/* standard - see standard.h. Run by main, and by every tool. */
#include "lib/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"

static struct standard {
	bool closed; /* it was; the other members tell what it is now */
	mode_t mode;
	dev_t device;
	ino_t inode;
} standard[3];

int
standard_open(void)
{
	struct stat status;
	int failed = 0;

	for (int fd = 0; fd < 3; fd++) {
		struct standard *s = &standard[fd];
		int found = fstat(fd, &status);

		s->closed = found == -1 && errno == EBADF;
		/* All below are open, so this one is what open() returns. */
		if (s->closed && failed == 0 && open("/dev/null", O_RDWR) != fd)
			failed = errno;
		if (s->closed && failed != 0)
			(void)open("/", O_PATH);
		if (s->closed)
			found = fstat(fd, &status);
		if (found == -1)
			status = (struct stat){.st_mode = 0};
		s->mode = status.st_mode;
		s->device = status.st_dev;
		s->inode = status.st_ino;
	}
	errno = failed;
	return failed == 0 ? 0 : -1;
}

bool
standard_error_is_taken(void)
{
	const struct standard *error = &standard[STDERR_FILENO];

	if (error->closed)
		return true;
	if (!S_ISSOCK(error->mode) && !S_ISFIFO(error->mode))
		return false;
	for (int fd = 0; fd < STDERR_FILENO; fd++)
		if (standard[fd].device == error->device &&
			standard[fd].inode == error->inode)
			return true;
	return false;
}

bool
standard_output_is_piped(void)
{
	return !S_ISSOCK(standard[1].mode) && !isatty(1);
}

int
standard_unblock(bool shared)
{
	bool in = S_ISSOCK(standard[0].mode), out = S_ISSOCK(standard[1].mode);
	int on = 1;

	/* Fails for what is no TCP socket, which needs it not. */
	if (out)
		(void)setsockopt(1, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (!in || !out || shared)
		return 0;
	/* One socket is one flag, whatever descriptors it has. */
	if (fcntl(1, F_SETFL, O_RDWR | O_NONBLOCK) == -1 ||
		(standard[0].inode != standard[1].inode &&
			fcntl(0, F_SETFL, O_RDWR | O_NONBLOCK) == -1))
		return -1;
	return 1;
}

void
standard_end_output(int ms)
{
	struct pollfd input = {.fd = 0, .events = POLLRDHUP};

	if (!standard_output_is_piped()) {
		shutdown(1, SHUT_WR);
		return;
	}
	close(1);
	if (S_ISFIFO(standard[0].mode) || S_ISSOCK(standard[0].mode))
		(void)clock_poll(&input, 1, clock_ms() + ms);
}
