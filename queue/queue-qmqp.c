/*
 * queue-qmqp - a qmail-queue program that sends to a QMQP server.
 * A program of its own, started by the keeper for each message.
 *
 * Message and envelope wait in a file without a name, as for a sendmail
 * program (queue-sendmail.c). A server has the message once it has the last
 * comma. Until we send it every trouble means the next server; from then on
 * there is no other one, unless that server says that it does not serve us:
 * so no message is at two servers by our doing, and none is given up without
 * a word.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/clock.h"
#include "queue/intake.h"
#include "queue/letter.h"
#include "queue/program.h"
#include "queue/race.h"
#include "queue/refusal.h"
#include "queue/servers.h"
#include "queue/spool.h"
#include "queue/transfer.h"
#include "queue-handoff/status.h"

#define NEXT_SERVER (-1) /* no exit code yet */

/* Text for the client when no server serves us. */
#define DENIED "Z4.3.5 mail servers do not take mail from this host"
#define TOO_LARGE "D5.3.4 "

/* One message on its way to a server. */
struct handover {
	struct servers servers;
	struct letter letter;
	int error_fd; /* for the client's text, or -1 */
	int stop;     /* a signalfd */
	int spool;    /* the message, a file without a name */
	int64_t deadline;
	uint64_t seconds;
	bool denied;	/* a server does not serve us */
	bool committed; /* one may have the message */
};

static const char usage[] =
	"usage: queue-qmqp [-hV]\n"
	"Reads a message on descriptor 0 and its envelope on descriptor 1, as\n"
	"qmail-queue does, and sends it to a QMQP server of the control file\n"
	"" SERVERS_FILE ".\n";

/*
 * Where to begin. Process ids would be less even: with two servers, and four
 * processes a connection, it would always be the same one.
 */
static size_t
pick(void)
{
	uint32_t number;

	if (getrandom(&number, sizeof number, GRND_NONBLOCK) !=
		(ssize_t)sizeof number)
		return (size_t)clock_ms();
	return number;
}

static int
load_environment(struct handover *h)
{
	bool rotate;
	const char *rule;
	const char *wrong = servers_environment(&rotate, &h->seconds, &rule);

	if (wrong != NULL)
		return program_fail(QUEUE_NO_CONFIG, "use ", wrong, rule);
	if (rotate)
		servers_rotate(&h->servers, pick());
	return 0;
}

static int
receive_envelope(struct handover *h, struct intake *in)
{
	if (letter_begin(&h->letter, h->spool) == -1)
		return program_fail(
			QUEUE_READ_FAILED, "read message again", "", NULL);
	int code = intake_envelope(in, letter_take, &h->letter);

	if (code == 0 && letter_end(&h->letter) == -1)
		code = QUEUE_WRITE_FAILED;
	if (code == QUEUE_WRITE_FAILED)
		return program_fail(code, "write envelope", "", NULL);
	if (code != 0)
		return program_fail(code, "read envelope", "", in->reason);
	return 0;
}

/* 82 with D5.3.4 and the server's words. */
static int
refuse_size(const struct handover *h, struct slice text)
{
	char room[ANSWER_MAX + sizeof TOO_LARGE];
	struct buffer out = BUFFER_OVER(room);

	buffer_add_text(&out, TOO_LARGE);
	buffer_add_slice(&out, slice_from(text, 1));
	return refusal_pass(h->error_fd, buffer_slice(&out));
}

/* What a server has said that has no comma. */
static int
conclude_early(
	struct handover *h, const char *name, const struct answer *answer)
{
	struct slice text = answer_text(answer);
	enum answer_meaning meaning = answer_meaning(answer);

	program_say_about(name, "early answer=", text);
	if (meaning == ANSWER_TOO_LARGE)
		return refuse_size(h, text);
	if (meaning == ANSWER_NEVER || meaning == ANSWER_DENIED)
		h->denied = true;
	return NEXT_SERVER;
}

/* What a server has said that has everything. */
static int
conclude(struct handover *h, const char *name, const struct transfer *t)
{
	struct slice text = answer_text(&t->answer);
	enum answer_meaning meaning = answer_meaning(&t->answer);

	if (meaning == ANSWER_NONE) {
		program_say_about(name, "answer=none, may be queued: ",
			slice_of(t->reason == NULL ? "nonsense" : t->reason));
		return QUEUE_NO_ANSWER;
	}
	program_say_about(name, "answer=", text);
	switch (meaning) {
	case ANSWER_TAKEN:
		return QUEUE_OK;
	case ANSWER_DENIED:
		h->denied = true;
		h->committed = false;
		return NEXT_SERVER;
	default:
		return refusal_pass(h->error_fd, text);
	}
}

static int
fail_timeout(void)
{
	return program_fail(QUEUE_NO_TIME, "hand over the message", "",
		"it takes too long");
}

static int
fail_stopped(void)
{
	return program_fail(QUEUE_TIMEOUT, "hand over the message", "",
		"stopped by a signal");
}

/* Returns the exit code, or NEXT_SERVER. */
static int
give(struct handover *h, struct server *server, int fd)
{
	struct transfer t = {
		.fd = fd, .stop = h->stop, .deadline = h->deadline};
	enum transfer_end end = transfer_run(&t, &h->letter);
	int error = errno;

	close(fd);
	errno = error;
	server->out = true;
	switch (end) {
	case TRANSFER_FAILED:
		program_say_about(server->name, t.reason, slice_of(""));
		return NEXT_SERVER;
	case TRANSFER_EARLY:
		return conclude_early(h, server->name, &t.answer);
	case TRANSFER_STOPPED:
		return fail_stopped();
	case TRANSFER_TIMEOUT:
		program_say_about(server->name, "takes nothing", slice_of(""));
		return fail_timeout();
	case TRANSFER_BROKEN:
		return program_fail(
			QUEUE_READ_FAILED, "read message again", "", NULL);
	case TRANSFER_COMMITTED:
		break;
	}
	h->committed = true;
	return conclude(h, server->name, &t);
}

static int
fail_all(const struct handover *h)
{
	int code = program_fail(QUEUE_NO_SERVER, "hand over the message", "",
		h->denied ? "no server serves this host" : "no server is up");

	return h->denied ? refusal_pass(h->error_fd, slice_of(DENIED)) : code;
}

static int
hand_over(struct handover *h)
{
	int code = NEXT_SERVER;

	h->deadline = clock_ms() + (int64_t)h->seconds * 1000;
	while (code == NEXT_SERVER) {
		size_t winner = 0;
		int fd = -1;

		switch (race_run(
			&h->servers, h->stop, h->deadline, &winner, &fd)) {
		case RACE_WON:
			code = give(h, &h->servers.all[winner], fd);
			break;
		case RACE_NONE_LEFT:
			return fail_all(h);
		case RACE_STOPPED:
			return fail_stopped();
		case RACE_TIMEOUT:
			return fail_timeout();
		}
	}
	return code;
}

static int
run(void)
{
	static struct handover h;
	struct intake in;
	sigset_t before;

	h.error_fd = refusal_descriptor();
	int code = servers_load(&h.servers);

	if (code == 0)
		code = load_environment(&h);
	if (code != 0)
		return code;
	h.stop = program_hold_signals(&before);
	if (h.stop == -1)
		return program_fail(QUEUE_NO_MEMORY, "hold signals", "", NULL);
	intake_start(&in, h.stop);
	code = spool_message(&h.spool, &in);
	if (code == 0)
		code = receive_envelope(&h, &in);
	if (code == 0)
		code = hand_over(&h);
	/*
	 * A signal that came ends us here, unless a server has answered, or may
	 * have the message: that must be told.
	 */
	if (code != 0 && !h.committed)
		sigprocmask(SIG_SETMASK, &before, NULL);
	return code;
}

int
main(int argc, char **argv)
{
	static const struct program program = {"queue-qmqp", usage, run};

	return program_main(&program, argc, argv);
}
