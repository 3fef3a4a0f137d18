/* rcptcheck - see rcptcheck.h. Run by the keeper. */
#include "keeper/rcptcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/environment.h"
#include "keeper/keeper.h"
#include "lib/child.h"
#include "queue-handoff/status.h"

#define TEXT_FD 4      /* of the program */
#define KILLED_MS 1000 /* until it is gone: mostly none */
#define NOBODY "5.1.1 no such recipient"
#define NOT_NOW "4.3.0 recipient cannot be checked for now"

/* The program's exit codes; all others accept. */
enum {
	EXIT_REFUSED = 100,
	EXIT_TEMPORARY = 111,
	EXIT_OVER_LIMIT = 113, /* with a text of its own, as 100 */
	EXIT_NO_EXEC = 120,
	EXIT_SHELL_DENIED = 126,
	EXIT_SHELL_MISSING = 127
};

/* ------------------------------------------------------------ memory --- */

/* What was refused: its reply, or absent. */
static struct slice
find_refused(const struct rcptcheck *check, struct slice recipient)
{
	struct slice rest = {check->refused, check->refused_len};

	while (rest.len > 0) {
		struct slice known = slice_split(&rest, '\0');
		struct slice reply = slice_split(&rest, '\0');

		if (slice_equal(known, recipient))
			return reply;
	}
	return SLICE_NONE;
}

/* One for which there is no room is asked about once more. */
static void
remember(struct rcptcheck *check, struct slice recipient, const char *reply)
{
	struct buffer b = {check->refused, check->refused_len,
		sizeof check->refused, false};

	buffer_add_slice(&b, recipient);
	buffer_add_char(&b, '\0');
	buffer_add_text(&b, reply);
	buffer_add_char(&b, '\0');
	if (!b.overflow)
		check->refused_len = b.len;
}

void
rcptcheck_forget(struct keeper *k)
{
	k->rcpt.check.refused_len = 0;
}

/* ----------------------------------------------------------- refusals --- */

/* The whole reply, where rcpt_answer() looks for it. */
static void
say(struct keeper *k, const struct status *status)
{
	struct buffer b = BUFFER_OVER(k->rcpt.said);

	buffer_add_text(&b, status->class == STATUS_REFUSED ? "550 " : "451 ");
	buffer_add_text(&b, status->reply);
	(void)buffer_string(&b); /* CHANNEL_TEXT_MAX holds any */
}

/* The line about a refusal: how the program ended, or did not begin. */
static void
begin_line(
	const struct keeper *k, struct log_line *line, struct slice recipient)
{
	log_start(line, &k->log, "rcpt refused");
	log_value(line, "rcpt", recipient);
	log_text(line, "reason", "check");
	log_value(line, "program", k->config->rcptcheck);
}

/* The program could not be started. */
static int
fail(struct keeper *k, struct slice recipient, int error)
{
	struct status status;
	struct log_line line;

	status_words(&status, STATUS_TEMPORARY, slice_of(""), NOT_NOW);
	say(k, &status);
	begin_line(k, &line, recipient);
	log_text(&line, "error", strerror(error));
	keeper_log(k, &line);
	return VERDICT_SAID;
}

static void
log_end(struct keeper *k, struct slice recipient, int wait_status, bool killed)
{
	struct log_line line;

	begin_line(k, &line, recipient);
	log_exit(&line, wait_status, killed);
	keeper_log(k, &line);
}

/* -------------------------------------------------------- the program --- */

/* Once the program has ended: what its children may still say is not read. */
static void
close_all(struct keeper *k)
{
	close(k->rcpt.check.text_fd);
	close(k->late.fd);
}

/* A program that has become another user cannot be killed: it stays behind. */
static void
end_by_force(struct keeper *k)
{
	child_kill(k->rcpt.check.pid);
	(void)child_wait(k->rcpt.check.pid, NULL, KILLED_MS);
}

static void
let_go(struct keeper *k)
{
	end_by_force(k);
	close_all(k);
}

/* All that is there now. */
static struct slice
read_text(int fd, char *text, size_t cap)
{
	ssize_t n =
		fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ? -1 : read(fd, text, cap);

	return (struct slice){text, n < 0 ? 0 : (size_t)n};
}

/* What the program meant, given its end and its words. */
static void
set_status(struct status *status, int wait_status, struct slice text)
{
	struct slice none = SLICE_NONE;

	switch (WIFEXITED(wait_status) ? WEXITSTATUS(wait_status)
				       : EXIT_TEMPORARY) {
	case EXIT_REFUSED:
		status_words(status, STATUS_REFUSED, text, NOBODY);
		break;
	case EXIT_OVER_LIMIT:
		status_words(status, STATUS_TEMPORARY, text, NOT_NOW);
		break;
	case EXIT_TEMPORARY:
	case EXIT_NO_EXEC:
	case EXIT_SHELL_DENIED:
	case EXIT_SHELL_MISSING:
		status_words(status, STATUS_TEMPORARY, none, NOT_NOW);
		break;
	default:
		status->class = STATUS_ACCEPTED;
	}
}

static int
go_on(struct keeper *k)
{
	struct slice recipient = {k->rcpt.path, k->rcpt.path_len};
	struct rcptcheck *check = &k->rcpt.check;
	char text[RCPTCHECK_TEXT_MAX];
	struct status status;
	int wait_status = 0;
	pid_t ended = child_wait(check->pid, &wait_status, 0);

	if (ended == 0 && k->late.deadline > k->now)
		return VERDICT_LATER;
	if (ended == -1)
		wait_status = SIGKILL; /* nobody knows: no exit 0 */
	if (ended != 0) {
		set_status(&status, wait_status,
			read_text(check->text_fd, text, sizeof text));
	} else {
		end_by_force(k);
		status_words(&status, STATUS_TEMPORARY, slice_of(""), NOT_NOW);
	}
	close_all(k);
	if (status.class == STATUS_ACCEPTED)
		return VERDICT_OK;
	say(k, &status);
	remember(check, recipient, k->rcpt.said);
	log_end(k, recipient, wait_status, ended == 0);
	return VERDICT_SAID;
}

static char *const *
make_environment(struct keeper *k, struct slice recipient)
{
	const struct environment_variable own[] = {
		{"SENDER", envelope_sender(&k->mail.envelope)},
		{"RECIPIENT", recipient},
		{"HELO", {k->mail.helo, k->mail.helo_len}},
		{"USE_FD4", slice_of("1")},
	};

	return environment_make(k, 0, own, sizeof own / sizeof *own);
}

/* Returns 0, or an errno. Descriptors 0, 1 and 2 are already as they must. */
static int
spawn(struct keeper *k, struct slice recipient, int text_write)
{
	char path[1024];
	char *const argv[] = {path, NULL};
	char *const *environment = make_environment(k, recipient);
	const struct child_fd fd = {text_write, TEXT_FD};

	if (environment == NULL ||
		slice_string(k->config->rcptcheck, path, sizeof path) == -1)
		return E2BIG;
	return child_spawn(
		&k->rcpt.check.pid, &(struct child_program){.path = path,
					    .arguments = argv,
					    .environment = environment,
					    .fds = &fd,
					    .fds_count = 1,
					    .close_from = TEXT_FD + 1});
}

static int
start(struct keeper *k, struct slice recipient)
{
	int text[2];

	if (pipe2(text, O_CLOEXEC) == -1)
		return errno;
	int failed = spawn(k, recipient, text[1]);

	close(text[1]);
	if (failed == 0) {
		k->late.fd = child_open(k->rcpt.check.pid);
		if (k->late.fd == -1) {
			failed = errno;
			end_by_force(k);
		}
	}
	if (failed != 0)
		close(text[0]);
	k->rcpt.check.text_fd = text[0];
	return failed;
}

int
rcptcheck_ask(struct keeper *k, struct slice recipient)
{
	struct buffer said = BUFFER_OVER(k->rcpt.said);
	struct slice known = find_refused(&k->rcpt.check, recipient);

	k->mail.reason = NULL;
	if (known.data != NULL) {
		buffer_add_slice(&said, known);
		(void)buffer_string(&said); /* it stood there before */
		k->mail.reason = "check";
		return VERDICT_SAID;
	}
	if (envelope_holds(&k->mail.envelope, recipient))
		return VERDICT_OK;
	int failed = start(k, recipient);

	if (failed != 0)
		return fail(k, recipient, failed);
	k->late.events = POLLIN;
	k->late.deadline = k->now + RCPTCHECK_MS;
	k->late.go_on = go_on;
	k->late.let_go = let_go;
	return VERDICT_LATER;
}
