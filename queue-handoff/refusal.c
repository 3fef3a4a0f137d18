/* refusal - see refusal.h. Run by queue-sendmail. */
#include "queue-handoff/refusal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "lib/buffer.h"
#include "queue-handoff/intake.h"
#include "queue-handoff/program.h"
#include "queue-handoff/status.h"

#define DEFAULT_FD 6
#define FD_MIN 2 /* what smtpd-auth passes */
#define FD_MAX 9
#define TEXT_MAX 300 /* octets for the client */

/*
 * The message's or an address's fault, which another try would meet again.
 * Every other code is the host's, and its postmaster may repair it.
 */
static const struct meaning {
	int exit;
	const char *code; /* RFC 3463 */
	const char *text; /* when sendmail said nothing */
} permanent[] = {
	{EX_DATAERR, "5.6.0", "message rejected"},
	{EX_NOUSER, "5.1.1", "no such user"},
	{EX_NOHOST, "5.1.2", "no such host"},
	{EX_UNAVAILABLE, "5.0.0", "mail server rejected message"},
};

int
refusal_descriptor(void)
{
	struct slice wanted = slice_of(getenv("ERROR_FD"));
	uint64_t number = DEFAULT_FD;
	struct stat type;

	if (wanted.data != NULL && slice_number(wanted, &number) == -1)
		return -1;
	if (number < FD_MIN || number > FD_MAX)
		return -1;
	int fd = (int)number;
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || (flags & O_ACCMODE) == O_RDONLY)
		return -1;
	/* Nobody said so, and it may be any file of our parent's. */
	if (wanted.data == NULL &&
		(fstat(fd, &type) == -1 || !S_ISFIFO(type.st_mode)))
		return -1;
	if (fd > FD_MIN)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* Takes lines off the front of *text up to one that is not empty. */
static struct slice
next_line(struct slice *text)
{
	struct slice line = {NULL, 0};

	while (text->data != NULL && line.len == 0)
		line = slice_split(text, '\n');
	return line;
}

/* Returns the exit code. */
static int
tell_client(int fd, struct slice line, const char *code)
{
	char room[TEXT_MAX + 32];
	struct buffer text = BUFFER_OVER(room);

	if (fd == -1)
		return QUEUE_REFUSED;
	if (line.len > TEXT_MAX)
		line.len = TEXT_MAX;
	buffer_add_char(&text, 'D');
	buffer_add_slice(&text, line);
	buffer_add_text(&text, " (#");
	buffer_add_text(&text, code);
	buffer_add_char(&text, ')');
	if (intake_write(fd, buffer_slice(&text)) == -1)
		return QUEUE_REFUSED;
	return QUEUE_CUSTOM;
}

int
refusal_give(int fd, const char *text, const char *code)
{
	program_fail(QUEUE_REFUSED, "hand over the message", "", text);
	return tell_client(fd, slice_of(text), code);
}

/* "exit 69", "signal 9" */
static const char *
describe(int wait_status, struct buffer *out)
{
	bool exited = WIFEXITED(wait_status);

	buffer_add_text(out, exited ? "exit " : "signal ");
	buffer_add_number(out, (uint64_t)(exited ? WEXITSTATUS(wait_status)
						 : WTERMSIG(wait_status)));
	return buffer_string(out);
}

int
refusal_from_wait(
	int fd, const char *sendmail, int wait_status, struct slice words)
{
	char room[32];
	struct buffer end = BUFFER_OVER(room);
	struct slice rest = words;
	struct slice first = next_line(&rest);

	for (struct slice line = first; line.len > 0; line = next_line(&rest))
		program_say(line);
	if (wait_status == 0)
		return QUEUE_OK;
	program_fail(QUEUE_DEFERRED, "hand the message to ", sendmail,
		describe(wait_status, &end));
	for (size_t i = 0; i < sizeof permanent / sizeof *permanent; i++)
		if (WIFEXITED(wait_status) &&
			WEXITSTATUS(wait_status) == permanent[i].exit)
			return tell_client(fd,
				first.len > 0 ? first
					      : slice_of(permanent[i].text),
				permanent[i].code);
	return QUEUE_DEFERRED;
}
