/*
 * queue - one message into one run of a qmail-queue program.
 *
 * The program reads the message on descriptor 0 and the envelope on 1, and
 * may write its own error text on error_fd; its exit code says what became
 * of it. The envelope is completed by queue_commit() alone, so every other
 * way out leaves it unfinished and nothing is queued. Nothing here blocks:
 * the keeper polls what queue_poll() names and calls queue_advance().
 * Source: qmail-queue(8).
 */
#ifndef QUEUE_HANDOFF_QUEUE_H
#define QUEUE_HANDOFF_QUEUE_H

#include <poll.h>
#include <sys/types.h>

#include "lib/buffer.h"

#define QUEUE_POLL_MAX 3      /* descriptors that queue_poll() names */
#define QUEUE_CUSTOM_MAX 1024 /* octets kept of the program's own text */
#define QUEUE_ABANDON_MS 1000 /* to end by itself, then it is killed */

enum queue_state {
	QUEUE_IDLE,
	QUEUE_READING,	 /* the message is on its way */
	QUEUE_COMMITTED, /* the envelope is on its way, or all was written */
	QUEUE_ABANDONED	 /* both pipes are closed: it will end, or is killed */
};

struct queue {
	enum queue_state state;
	pid_t pid;
	int pidfd;
	int message_read;  /* our copy: tells at the end what was not read */
	int envelope_read; /* likewise */
	int envelope_write;
	int error_read;
	struct slice envelope; /* what is still to be written */
	bool incomplete;       /* an octet was not taken, or it was killed */
	bool timed_out;
	int64_t deadline; /* clock_ms() */
	int wait_status;
	struct buffer custom;
	char custom_text[QUEUE_CUSTOM_MAX];
};

void queue_init(struct queue *q);

/* What a queue program is started with. */
struct queue_program {
	const char *path;
	char *const *environment;
	int error_fd;
	struct slice above, head; /* the message begins with these */
};

/*
 * Starts the program in a process group of its own, with descriptors 0, 1, 2
 * and error_fd, default signals, and its environment. The head is in the pipe
 * before it runs. message_write is where the rest of the message goes
 * (non-blocking, the caller closes it). Returns 0, or -1 with errno.
 */
int queue_start(struct queue *q, const struct queue_program *program,
	int *message_write);

/*
 * The message is whole: write the envelope (which must live until the end),
 * wait until deadline. An envelope whose data is NULL is never completed:
 * the program's own exit code is all that is wanted.
 */
void queue_commit(struct queue *q, struct slice envelope, int64_t deadline);

/* Closes both pipes: the program ends, and queues nothing. */
void queue_abandon(struct queue *q);

/* Fills fds[0 .. return value); the deadline is in q->deadline. */
size_t queue_poll(const struct queue *q, struct pollfd *fds);

/*
 * Does what can be done now. Returns true when the program is gone: then
 * wait_status is waitpid's, incomplete says whether it left anything unread,
 * and q is idle again.
 */
bool queue_advance(struct queue *q);

#endif
