/*
 * queue-sendmail - a qmail-queue program in front of a sendmail program.
 * A program of its own, started by the keeper for each message.
 *
 * The envelope comes after the message but a sendmail program has it in its
 * arguments. So the message waits in a file without a name, and sendmail is
 * started when the envelope was whole, with that file as its standard input:
 * whatever happens to us meanwhile, sendmail reads all of the message, or is
 * never started. It is one sendmail for all recipients, because of two the
 * second could fail when the first has queued the message already.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"
#include "queue/arguments.h"
#include "queue/intake.h"
#include "queue/program.h"
#include "queue/refusal.h"
#include "queue/spool.h"
#include "queue-handoff/status.h"

#define SENDMAIL "/usr/sbin/sendmail" /* unless $SENDMAIL names another */
#define WORDS_MAX 4096		      /* octets kept of what sendmail says */

/* Text for the client, and its enhanced code. */
#define UNFIT "an address that cannot be given to sendmail", "5.1.3"
#define TOO_MANY "too many recipients for one message", "5.5.3"

extern char **environ;

/* One message on its way to sendmail. */
struct handover {
	const char *sendmail;
	int error_fd; /* for the client's text, or -1 */
	int spool;    /* the message, a file without a name */
	int words;    /* what sendmail says, likewise */
	struct arguments arguments;
};

static const char usage[] =
	"usage: queue-sendmail [-hV]\n"
	"Reads a message on descriptor 0 and its envelope on descriptor 1, as\n"
	"qmail-queue does, and hands it to $SENDMAIL, or " SENDMAIL ".\n";

static int
receive_envelope(struct handover *h, struct intake *in)
{
	int code = intake_envelope(in, arguments_take, &h->arguments);

	if (code == QUEUE_NO_MEMORY)
		return program_fail(code, "keep envelope", "", NULL);
	if (code != 0)
		return program_fail(code, "read envelope", "", in->reason);
	if (h->arguments.unfit)
		return refusal_give(h->error_fd, UNFIT);
	if (h->arguments.too_many)
		return refusal_give(h->error_fd, TOO_MANY);
	return 0;
}

/* Starts it with our own signals of before. Returns 0, or an errno. */
static int
start(pid_t *pid, const struct handover *h, char **arguments,
	const sigset_t *before)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int result;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGXFSZ);
	if ((result = posix_spawn_file_actions_init(&files)) != 0)
		return result;
	if ((result = posix_spawnattr_init(&attributes)) == 0 &&
		(result = posix_spawnattr_setflags(&attributes,
			 POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)) ==
			0 &&
		(result = posix_spawnattr_setsigmask(&attributes, before)) ==
			0 &&
		(result = posix_spawnattr_setsigdefault(
			 &attributes, &defaults)) == 0 &&
		(result = posix_spawn_file_actions_adddup2(
			 &files, h->spool, 0)) == 0 &&
		(result = posix_spawn_file_actions_addopen(
			 &files, 1, "/dev/null", O_WRONLY, 0)) == 0 &&
		(result = posix_spawn_file_actions_adddup2(
			 &files, h->words, 2)) == 0)
		result = posix_spawn(pid, h->sendmail, &files, &attributes,
			arguments, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return result;
}

/*
 * What sendmail says goes into memory of a fixed size and not into a pipe: a
 * process that it leaves behind to deliver may hold the descriptor for hours
 * and must neither block nor die of it.
 */
static int
open_words(void)
{
	int fd = memfd_create("sendmail", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd != -1 && (ftruncate(fd, WORDS_MAX) == -1 ||
				fcntl(fd, F_ADD_SEALS,
					F_SEAL_GROW | F_SEAL_SHRINK) == -1)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Waits for it, and tells what it said. Returns our exit code. */
static int
finish(struct handover *h, pid_t pid)
{
	char room[WORDS_MAX];
	int status;

	if (child_wait(pid, &status, CLOCK_NEVER) == -1)
		return program_fail(
			QUEUE_DEFERRED, "wait for ", h->sendmail, NULL);
	/* The descriptor is sendmail's too, and so is its place in the file. */
	off_t len = lseek(h->words, 0, SEEK_CUR);
	ssize_t n = len <= 0 ? 0 : pread(h->words, room, (size_t)len, 0);
	struct slice words = {room, n > 0 ? (size_t)n : 0};

	return refusal_from_wait(h->error_fd, h->sendmail, status, words);
}

/*
 * The soft limits of memory are smtpd-auth's (softlimit -m 8000000, chpst -m);
 * Postfix's sendmail does not even start within them. The hard limits are the
 * postmaster's last word.
 */
static void
raise_limits(void)
{
	/* The libraries do not agree on the type of a resource. */
	static const int memory[] = {RLIMIT_AS, RLIMIT_DATA};
	struct rlimit limit;

	for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
		if (syscall(SYS_prlimit64, 0, memory[i], NULL, &limit) == 0) {
			limit.rlim_cur = limit.rlim_max;
			/* Up to the hard one it is always granted. */
			syscall(SYS_prlimit64, 0, memory[i], &limit, NULL);
		}
}

static int
hand_over(struct handover *h, const sigset_t *before)
{
	pid_t pid;

	h->words = open_words();
	if (h->words == -1)
		return program_fail(QUEUE_NO_MEMORY, "keep words", "", NULL);
	char **arguments = arguments_make(&h->arguments, h->sendmail);

	if (arguments == NULL)
		return program_fail(
			QUEUE_NO_MEMORY, "keep arguments", "", NULL);
	raise_limits();
	errno = start(&pid, h, arguments, before);
	if (errno == E2BIG) /* a long environment counts, too */
		return refusal_give(h->error_fd, TOO_MANY);
	if (errno != 0)
		return program_fail(
			QUEUE_NO_PROGRAM, "run ", h->sendmail, NULL);
	return finish(h, pid);
}

static int
run(void)
{
	struct handover h = {.sendmail = getenv("SENDMAIL"),
		.error_fd = refusal_descriptor()};
	struct intake in;
	sigset_t before;

	if (h.sendmail == NULL || *h.sendmail == '\0')
		h.sendmail = SENDMAIL;
	int stop = program_hold_signals(&before);

	if (stop == -1)
		return program_fail(QUEUE_NO_MEMORY, "hold signals", "", NULL);
	arguments_start(&h.arguments, h.sendmail);
	intake_start(&in, stop);
	int code = spool_message(&h.spool, &in);

	if (code == 0)
		code = receive_envelope(&h, &in);
	if (code == 0)
		code = hand_over(&h, &before);
	/* A signal that came ends us here, but not a message that is queued. */
	if (code != 0)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

int
main(int argc, char **argv)
{
	static const struct program program = {"queue-sendmail", usage, run};

	return program_main(&program, argc, argv);
}
