/*
 * output - see output.h. Run by the keeper, smtpd-passwd, smtpd-check and
 * our qmail-queue programs.
 */
#include "lib/output.h"

#include <errno.h>
#include <unistd.h>

int
output_all(int fd, struct slice text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.data, text.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		text = slice_from(text, (size_t)n);
	}
	return 0;
}
