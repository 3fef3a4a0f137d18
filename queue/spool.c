/* spool - see spool.h. Run by queue-sendmail and queue-qmqp. */
#include "queue/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/path.h"
#include "queue/program.h"
#include "queue-handoff/status.h"

/*
 * The file goes with its last descriptor, however we end. Where the file
 * system has no files without names it has one for a moment.
 */
static int
open_spool(const char *directory)
{
	char path[PATH_ROOM];
	int fd = open(directory, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);

	if (fd != -1 || errno != EOPNOTSUPP)
		return fd;
	if (path_join(path, sizeof path, slice_of(directory),
		    "queue-spool.XXXXXX") == NULL)
		return -1;
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1 && unlink(path) == -1) {
		close(fd);
		return -1;
	}
	return fd;
}

int
spool_message(int *fd, struct intake *in)
{
	const char *directory = getenv("TMPDIR");

	if (directory == NULL || *directory == '\0')
		directory = "/tmp";
	*fd = open_spool(directory);
	if (*fd == -1)
		return program_fail(QUEUE_NO_DIRECTORY, "create a file in ",
			directory, NULL);
	int code = intake_message(in, *fd);

	if (code == QUEUE_WRITE_FAILED)
		return program_fail(
			code, "write message into ", directory, in->reason);
	if (code != 0)
		return program_fail(code, "read message", "", in->reason);
	if (lseek(*fd, 0, SEEK_SET) == -1)
		return program_fail(
			QUEUE_READ_FAILED, "read message again", "", NULL);
	return 0;
}
