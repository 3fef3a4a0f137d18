/* refusal - see refusal.h. Run by queue-sendmail and queue-qmqp. */
#include "queue/refusal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "lib/buffer.h"
#include "queue/program.h"
#include "queue-handoff/status.h"
#include "lib/output.h"

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
	/* The first octet there says what the text means: none before it. */
	if (fd == STDERR_FILENO)
		program_say_no_more();
	else
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

/* Takes lines off the front of *text up to one that is not empty. */
static struct slice
next_line(struct slice *text)
{
	struct slice line = SLICE_NONE;

	while (text->data != NULL && line.len == 0)
		line = slice_split(text, '\n');
	return line;
}

int
refusal_pass(int fd, struct slice text)
{
	if (fd == -1 || output_all(fd, text) == -1)
		return text.data[0] == 'D' ? QUEUE_REFUSED : QUEUE_DEFERRED;
	return QUEUE_CUSTOM;
}

/* A refusal for good, or not. Returns the exit code. */
static int
tell_client(int fd, bool good, struct slice line, const char *code)
{
	char room[TEXT_MAX + 32];
	struct buffer text = BUFFER_OVER(room);

	if (line.len > TEXT_MAX)
		line.len = TEXT_MAX;
	buffer_add_char(&text, good ? 'D' : 'Z');
	buffer_add_slice(&text, line);
	buffer_add_text(&text, " (#");
	buffer_add_text(&text, code);
	buffer_add_char(&text, ')');
	return refusal_pass(fd, buffer_slice(&text));
}

int
refusal_give(int fd, const char *text, const char *code)
{
	program_fail(QUEUE_REFUSED, "hand over the message", "", text);
	return tell_client(fd, true, slice_of(text), code);
}

/*
 * msmtp passes the message on while we wait. Its exit does not tell a
 * recipient refused for now from one refused for good, but it prints the
 * server's reply behind "server message: ". Absent when there is none.
 */
static struct slice
server_reply(struct slice words)
{
	static const char mark[] = "server message: ";

	while (words.data != NULL) {
		struct slice line = next_line(&words);
		size_t at = slice_find(line, ':') + 2; /* behind its name */

		if (at < line.len &&
			slice_starts_nocase(slice_from(line, at), mark))
			return slice_from(line, at + sizeof mark - 1);
	}
	return SLICE_NONE;
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

static const struct meaning *
permanent_meaning(int code)
{
	for (size_t i = 0; i < sizeof permanent / sizeof *permanent; i++)
		if (permanent[i].exit == code)
			return &permanent[i];
	return NULL;
}

int
refusal_from_wait(
	int fd, const char *sendmail, int wait_status, struct slice words)
{
	char room[32];
	struct buffer end = BUFFER_OVER(room);
	struct slice rest = words;
	struct slice first = next_line(&rest);
	struct slice reply = server_reply(words);

	for (struct slice line = first; line.len > 0; line = next_line(&rest))
		program_say(line);
	if (wait_status == 0)
		return QUEUE_OK;
	program_fail(QUEUE_DEFERRED, "hand the message to ", sendmail,
		describe(wait_status, &end));
	if (!WIFEXITED(wait_status))
		return QUEUE_DEFERRED;
	const struct meaning *meaning =
		permanent_meaning(WEXITSTATUS(wait_status));

	if (meaning == NULL)
		return QUEUE_DEFERRED;
	if (reply.len > 0 && reply.data[0] == '4')
		return tell_client(fd, false, reply, "4.0.0");
	if (reply.len > 0)
		return tell_client(fd, true, reply, "5.0.0");
	return tell_client(fd, true,
		first.len > 0 ? first : slice_of(meaning->text), meaning->code);
}
