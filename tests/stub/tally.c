/*
 * tally - a queue program for many messages: one line for each that has its
 * whole envelope is all that it leaves. Run by the keeper under test, as the
 * account.
 *
 * The line goes into $TALLY, at once: the rest of the message's first line
 * that begins with "X-Number: ".
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD "\nX-Number: "

/* Reads fd to its end; octets kept, with a NUL. */
static size_t
take(int fd, char *text, size_t cap)
{
	char rest[65536];
	size_t len = 0;
	ssize_t n;

	do {
		n = len + 1 < cap ? read(fd, text + len, cap - 1 - len)
				  : read(fd, rest, sizeof rest);
		if (n > 0 && len + 1 < cap)
			len += (size_t)n;
	} while (n > 0);
	text[len] = '\0';
	return n < 0 ? 0 : len;
}

int
main(void)
{
	static char message[65536], envelope[65536];
	const char *path = getenv("TALLY");

	take(0, message, sizeof message);
	size_t len = take(1, envelope, sizeof envelope);

	if (len < 2 || envelope[len - 1] != '\0' || envelope[len - 2] != '\0')
		return 91;
	char *number = strstr(message, FIELD);
	int fd =
		path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (number == NULL || fd == -1)
		return 55;
	number += strlen(FIELD);
	len = strcspn(number, "\n") + 1;
	return write(fd, number, len) == (ssize_t)len ? 0 : 53;
}
