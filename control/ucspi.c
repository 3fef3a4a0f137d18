/* ucspi - see ucspi.h. Run by main before it forks. */
#include "control/ucspi.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/jail.h"

#define COUNT (UCSPI_END - UCSPI_CONTROL)

/* An open descriptor that a variable names; or -1. */
static int
named(const char *variable, struct stat *status)
{
	uint64_t n;

	if (slice_number(slice_of(getenv(variable)), &n) == -1 ||
		n <= STDERR_FILENO || n > INT_MAX ||
		fstat((int)n, status) == -1)
		return -1;
	return (int)n;
}

/* Plain connections have no such variables, and pay no system call. */
static bool
find(int fds[COUNT])
{
	static const char *const names[COUNT] = {
		"SSLCTLFD", "SSLREADFD", "SSLWRITEFD"};
	const char *tls = getenv("SSL_PROTOCOL");
	struct stat status;

	if (tls != NULL && *tls != '\0')
		return false;
	for (int i = 0; i < COUNT; i++) {
		fds[i] = named(names[i], &status);
		if (fds[i] == -1 || (i == 0 && !S_ISSOCK(status.st_mode)) ||
			(i > 0 && fds[i] == fds[0]))
			return false;
	}
	return true;
}

/* By way of higher numbers: none may be lost to another's new number. */
static bool
move(const int fds[COUNT])
{
	int copies[COUNT];

	for (int i = 0; i < COUNT; i++) {
		copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, UCSPI_END);
		if (copies[i] == -1)
			return false;
	}
	for (int i = 0; i < COUNT; i++)
		if (dup3(copies[i], UCSPI_CONTROL + i, O_CLOEXEC) == -1)
			return false;
	return true;
}

int
ucspi_take(bool *there)
{
	int fds[COUNT];

	*there = find(fds) && move(fds);
	return jail_close_from(*there ? UCSPI_END : UCSPI_CONTROL);
}
