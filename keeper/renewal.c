/* renewal - see renewal.h. */
#include "keeper/renewal.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"

bool
renewal_is_young(int fd)
{
	struct stat status;

	return fd != -1 && fstat(fd, &status) == 0 &&
	       clock_seconds() - status.st_ctime < RENEWAL_SECONDS;
}

bool
renewal_dangles(const char *path, int fd)
{
	return fd == -1 &&
	       faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void
renewal_wait(void)
{
	(void)poll(NULL, 0, RENEWAL_STEP);
}
