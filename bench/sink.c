/*
 * sink - a qmail-queue that throws the message away: reads descriptors 0 and
 * 1 to their ends and exits 0. The same for all sides of the benchmark, so
 * that it cancels out. Run by the server under test.
 */
#include <unistd.h>

static char buffer[65536];

int
main(void)
{
	for (int fd = 0; fd <= 1; fd++) {
		ssize_t n;

		while ((n = read(fd, buffer, sizeof buffer)) > 0)
			;
		if (n == -1)
			_exit(54);
	}
	_exit(0);
}
