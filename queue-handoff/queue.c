/*
 * queue - see queue.h. Run by the keeper.
 *
 * Why the keeper holds copies of the read ends: what is in a pipe when its
 * reader exits is lost without an error to the writer, and a program that
 * exits 0 without having read everything must not count as a success. The
 * copies make the left-over octets countable. A pidfd tells of the exit.
 */
#include "queue-handoff/queue.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/clock.h"

static void
close_fd(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
queue_init(struct queue *q)
{
	*q = (struct queue){.pid = -1,
		.pidfd = -1,
		.message_read = -1,
		.envelope_read = -1,
		.envelope_write = -1,
		.error_read = -1,
		.deadline = CLOCK_NEVER};
	q->custom = BUFFER_OVER(q->custom_text);
}

static void
close_all(struct queue *q)
{
	close_fd(&q->pidfd);
	close_fd(&q->message_read);
	close_fd(&q->envelope_read);
	close_fd(&q->envelope_write);
	close_fd(&q->error_read);
	q->state = QUEUE_IDLE;
	q->deadline = CLOCK_NEVER;
}

/* Reads the program's own text; what is over the limit is read and dropped. */
static void
read_custom(struct queue *q)
{
	char text[QUEUE_CUSTOM_MAX];
	struct pollfd ready = {.fd = q->error_read, .events = POLLIN};

	while (q->error_read != -1 && poll(&ready, 1, 0) == 1) {
		ssize_t n = read(q->error_read, text, sizeof text);

		if (n <= 0) {
			close_fd(&q->error_read);
			return;
		}
		size_t room = q->custom.cap - q->custom.len;

		buffer_add(
			&q->custom, text, (size_t)n < room ? (size_t)n : room);
	}
}

static bool
reap(struct queue *q, int64_t ms)
{
	pid_t pid = child_wait(q->pid, &q->wait_status, ms);

	if (pid == 0)
		return false;
	if (WIFEXITED(q->wait_status) && WEXITSTATUS(q->wait_status) != 0)
		read_custom(q);
	/* A program that went before the commit has not read the envelope. */
	if (pid == -1 || q->state != QUEUE_COMMITTED || q->envelope.len > 0 ||
		child_left_over(q->message_read) ||
		child_left_over(q->envelope_read))
		q->incomplete = true;
	close_all(q);
	return true;
}

static void
end_by_force(struct queue *q)
{
	child_kill(q->pid);
	q->incomplete = true;
	reap(q, CLOCK_NEVER);
}

/*
 * error_fd is set last because it may be the number of another pipe's end,
 * which by then has been used.
 */
static int
spawn(pid_t *pid, const struct queue_program *program, int in, int envelope,
	int error)
{
	char *const argv[] = {(char *)(uintptr_t)program->path, NULL};
	const struct child_fd fds[] = {
		{in, 0}, {envelope, 1}, {error, program->error_fd}};

	return child_spawn(pid, &(struct child_program){.path = program->path,
					.arguments = argv,
					.environment = program->environment,
					.fds = fds,
					.fds_count = sizeof fds / sizeof *fds});
}

/*
 * The pipe is new and empty: what all write fits, and what few write fits
 * unless the account has used up its pages of pipes (pipe(7)).
 */
static bool
write_head(int fd, struct slice head)
{
	ssize_t n = head.len == 0 ? 0 : write(fd, head.data, head.len);

	if (n >= 0 && n < (ssize_t)head.len)
		errno = EIO; /* a part of it is no success, and no errno */
	return n == (ssize_t)head.len;
}

int
queue_start(struct queue *q, const struct queue_program *program,
	int *message_write)
{
	int message[2] = {-1, -1}, envelope[2] = {-1, -1}, error[2] = {-1, -1};
	int result = 0;

	queue_init(q);
	/* The flag belongs to the write end alone; the program's blocks. */
	if (pipe2(message, O_CLOEXEC) == -1 ||
		pipe2(envelope, O_CLOEXEC) == -1 ||
		pipe2(error, O_CLOEXEC) == -1 ||
		fcntl(message[1], F_SETFL, O_NONBLOCK) == -1 ||
		!write_head(message[1], program->above) ||
		!write_head(message[1], program->head))
		result = errno;
	else
		result = spawn(
			&q->pid, program, message[0], envelope[0], error[1]);
	q->message_read = message[0];
	q->envelope_read = envelope[0];
	q->envelope_write = envelope[1];
	q->error_read = error[0];
	close_fd(&error[1]);
	if (result == 0) {
		q->state = QUEUE_READING;
		q->pidfd = child_open(q->pid);
		if (q->pidfd == -1)
			result = errno;
	}
	if (result == 0) {
		*message_write = message[1];
		return 0;
	}
	close_fd(&message[1]);
	if (q->state == QUEUE_READING)
		end_by_force(q);
	else
		close_all(q);
	errno = result;
	return -1;
}

static void
write_envelope(struct queue *q)
{
	while (q->envelope.len > 0) {
		ssize_t n = write(
			q->envelope_write, q->envelope.data, q->envelope.len);

		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1) {
			q->incomplete = true;
			break;
		}
		q->envelope = slice_from(q->envelope, (size_t)n);
	}
	close_fd(&q->envelope_write);
}

void
queue_commit(struct queue *q, struct slice envelope, int64_t deadline)
{
	q->state = QUEUE_COMMITTED;
	q->deadline = deadline;
	q->envelope = envelope;
	/* A shorter one fits into the empty pipe: its write cannot wait. */
	if (envelope.len > PIPE_BUF)
		(void)fcntl(q->envelope_write, F_SETFL, O_NONBLOCK);
	if (envelope.data == NULL) {
		q->incomplete = true;
		close_fd(&q->envelope_write);
	} else {
		write_envelope(q); /* mostly it fits */
	}
}

void
queue_abandon(struct queue *q)
{
	q->state = QUEUE_ABANDONED;
	q->incomplete = true;
	q->deadline = clock_ms() + QUEUE_ABANDON_MS;
	close_fd(&q->envelope_write);
	close_fd(&q->envelope_read);
	close_fd(&q->message_read);
}

size_t
queue_poll(const struct queue *q, struct pollfd *fds)
{
	size_t n = 0;

	if (q->state == QUEUE_IDLE)
		return 0;
	fds[n++] = (struct pollfd){.fd = q->pidfd, .events = POLLIN};
	if (q->error_read != -1)
		fds[n++] =
			(struct pollfd){.fd = q->error_read, .events = POLLIN};
	if (q->state == QUEUE_COMMITTED && q->envelope_write != -1)
		fds[n++] = (struct pollfd){
			.fd = q->envelope_write, .events = POLLOUT};
	return n;
}

bool
queue_advance(struct queue *q)
{
	if (q->state == QUEUE_IDLE)
		return false;
	if (q->state == QUEUE_COMMITTED && q->envelope_write != -1)
		write_envelope(q);
	read_custom(q);
	if (reap(q, 0))
		return true;
	if (clock_ms() < q->deadline)
		return false;
	q->timed_out = q->state == QUEUE_COMMITTED;
	end_by_force(q);
	return true;
}
