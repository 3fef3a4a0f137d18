/* program - see program.h. Run by our qmail-queue programs. */
#include "queue/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/buffer.h"
#include "lib/emit.h"
#include "queue/intake.h"
#include "queue-handoff/status.h"

#define WRONG_USAGE 100
#define SAY_MS 5000 /* as long as smtpd-auth waits for its log */
#define LINE 1024   /* octets of what is said */
#define SHOWN 512   /* octets of an object in it */

static const char *program_name = "qmail-queue"; /* set by program_main */
static bool is_silent;

void
program_say_no_more(void)
{
	is_silent = true;
}

static void
put_line(struct buffer *line)
{
	/* A line that is too long ends early, but it ends. */
	if (line->len == line->cap)
		line->len--;
	line->overflow = false;
	buffer_add_char(line, '\n');
	if (is_silent)
		return;
	/* There is nobody to tell when the log takes nothing, or is gone. */
	(void)emit(STDERR_FILENO, line->data, line->len, SAY_MS);
}

/* Says what the line holds and text behind it. */
static void
say_behind(struct buffer *line, struct slice text)
{
	for (size_t i = 0; i < text.len && line->len < line->cap; i++)
		buffer_add_char(
			line, bytes_control(text.data[i]) ? '?' : text.data[i]);
	put_line(line);
}

void
program_say(struct slice text)
{
	char room[LINE];
	struct buffer line = BUFFER_OVER(room);

	buffer_add_text(&line, program_name);
	buffer_add_text(&line, ": ");
	say_behind(&line, text);
}

void
program_say_about(const char *object, const char *what, struct slice text)
{
	char room[LINE];
	struct buffer line = BUFFER_OVER(room);

	buffer_add_text(&line, program_name);
	buffer_add_text(&line, ": ");
	buffer_add_text(&line, object);
	buffer_add_text(&line, ": ");
	buffer_add_text(&line, what);
	say_behind(&line, text);
}

int
program_fail(int code, const char *what, const char *object, const char *reason)
{
	char room[LINE];
	struct buffer line = BUFFER_OVER(room);

	if (reason == NULL) {
		reason = strerror(errno);
		if (errno == ENOMEM)
			code = QUEUE_NO_MEMORY;
		else if (errno == ENOSPC || errno == EDQUOT || errno == EIO)
			code = QUEUE_WRITE_FAILED;
	}
	buffer_add_text(&line, program_name);
	buffer_add_text(&line, ": fatal: unable to ");
	buffer_add_text(&line, what);
	buffer_add_escaped(&line, slice_of(object), SHOWN);
	buffer_add_text(&line, ": ");
	buffer_add_text(&line, reason);
	put_line(&line);
	return code;
}

int
program_hold_signals(sigset_t *before)
{
	static const int ends[] = {SIGTERM, SIGINT, SIGHUP};
	struct sigaction action;
	sigset_t held;

	sigemptyset(&held);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (sigaction(ends[i], NULL, &action) == 0 &&
			action.sa_handler != SIG_IGN)
			sigaddset(&held, ends[i]);
	signal(SIGXFSZ, SIG_IGN); /* write() then fails with EFBIG */
	signal(SIGPIPE, SIG_IGN); /* nobody reads descriptor 2 */
	if (sigprocmask(SIG_BLOCK, &held, before) == -1)
		return -1;
	return signalfd(-1, &held, SFD_CLOEXEC);
}

/* A file that we open must not become one of them. */
static int
check_descriptors(void)
{
	if (fcntl(INTAKE_MESSAGE, F_GETFD) == -1)
		return program_fail(
			QUEUE_READ_FAILED, "read message", "", NULL);
	if (fcntl(INTAKE_ENVELOPE, F_GETFD) == -1)
		return program_fail(
			QUEUE_READ_FAILED, "read envelope", "", NULL);
	if (fcntl(STDERR_FILENO, F_GETFD) == -1 &&
		open("/dev/null", O_WRONLY) == -1)
		return QUEUE_NO_CONFIG;
	return 0;
}

int
program_main(const struct program *program, int argc, char **argv)
{
	int option;

	program_name = program->name;
	opterr = 0;
	while ((option = getopt(argc, argv, "hV")) != -1) {
		if (option == 'h')
			return fputs(program->usage, stdout) == EOF;
		if (option == 'V')
			return printf("%s %s\n", program->name, VERSION) < 0;
		fputs(program->usage, stderr);
		return WRONG_USAGE;
	}
	if (optind != argc) {
		fputs(program->usage, stderr);
		return WRONG_USAGE;
	}
	int code = check_descriptors();

	return code == 0 ? program->run() : code;
}
