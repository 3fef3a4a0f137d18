/*
 * message - the keeper's answers about a message: hand-over and outcome. Run
 * by the keeper.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/environment.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "queue-handoff/received.h"
#include "queue-handoff/status.h"

static void
make_id(struct keeper *k)
{
	struct buffer id = BUFFER_OVER(k->id);

	buffer_add_number(&id, (uint64_t)clock_seconds());
	buffer_add_char(&id, '.');
	buffer_add_number(&id, (uint64_t)k->log.pid);
	buffer_add_char(&id, '.');
	buffer_add_number(&id, ++k->opened);
	(void)buffer_string(&id); /* three numbers always fit */
}

static void
add_received(const struct keeper *k, unsigned flags, struct buffer *line)
{
	const struct config *config = k->config;
	struct slice login = slice_of(k->login);

	if (login.len == 0)
		login.data = NULL;
	struct received received = {
		.helo = {k->helo_len == 0 ? NULL : k->helo, k->helo_len},
		.host = config->remote_host,
		.ip = config->remote_ip,
		.by = config->me,
		.id = slice_of(k->id),
		.login = login,
		.name_login = config->received_auth,
		.esmtp = flags & OPEN_ESMTP,
		.tls = k->tls.on || config->tls_outside,
		.utf8 = flags & OPEN_SMTPUTF8,
		.now = clock_seconds(),
	};
	received_add(line, &received);
}

static int
start_queue(struct keeper *k, unsigned flags, int *fd)
{
	char path[1024], text[RECEIVED_MAX];
	struct buffer line = BUFFER_OVER(text);
	struct queue_program program = {.path = path,
		.environment = environment_make(k, flags),
		.error_fd = (int)k->config->error_fd};

	int result = slice_string(k->config->queue_program, path, sizeof path);

	if (result == -1)
		path[0] = '\0';
	add_received(k, flags, &line);
	program.head = buffer_slice(&line);
	if (program.environment == NULL || line.overflow) {
		errno = E2BIG;
		result = -1;
	}
	if (result == 0)
		result = queue_start(&k->queue, &program, fd);
	if (result == -1)
		keeper_log_config(k, path, strerror(errno));
	k->qp = k->queue.pid;
	return result;
}

bool
mail_login_is_old(const struct keeper *k)
{
	struct stat now;

	if (k->login[0] == '\0' || k->kind != AUTHENTICATOR_USERS)
		return false;
	return fstat(k->users_fd, &now) == -1 || now.st_nlink == 0 ||
	       now.st_ctim.tv_sec != k->users_ctime.tv_sec ||
	       now.st_ctim.tv_nsec != k->users_ctime.tv_nsec;
}

int
answer_open(struct keeper *k)
{
	struct channel_open open;
	size_t at = 0;
	int fd;

	if (channel_take(&k->packet, &at, &open, sizeof open) == -1 ||
		open.flags & ~(unsigned)OPEN_FLAGS ||
		open.helo_len > sizeof k->helo ||
		channel_take(&k->packet, &at, k->helo, open.helo_len) == -1 ||
		k->unfinished++ >= KEEPER_UNFINISHED_MAX)
		return -1;
	k->helo_len = open.helo_len;
	if (envelope_take(k, channel_rest(&k->packet, at)) == -1 ||
		k->recipients == 0)
		return -1;
	k->packet.len = 0;
	if (mail_login_is_old(k))
		return keeper_answer(k, VERDICT_USERS);
	make_id(k);
	if (k->lost || start_queue(k, open.flags, &fd) == -1)
		return keeper_answer(k, VERDICT_TEMPORARY);
	k->open = true;
	k->channel.since = k->now;
	k->octets = 0;
	k->packet.code = VERDICT_OK;
	channel_add(&k->packet, k->id, strlen(k->id));
	int sent = channel_answer(k->channel.fd, &k->packet, fd);

	/* Only the session may hold this end, so that its close ends the text.
	 */
	close(fd);
	if (sent == -1)
		queue_abandon(&k->queue);
	return 0;
}

static struct slice
first_recipient(const struct keeper *k)
{
	struct slice all = {k->envelope + k->first_recipient + 1,
		k->envelope_len - k->first_recipient - 1};

	return slice_split(&all, '\0');
}

/* How the queue program ended. */
static void
log_exit(struct log_line *line, const struct queue *q)
{
	if (q->timed_out)
		log_text(line, "exit", "timeout");
	else if (WIFEXITED(q->wait_status))
		log_number(line, "exit", (uint64_t)WEXITSTATUS(q->wait_status));
	else
		log_number(line, "signal", (uint64_t)WTERMSIG(q->wait_status));
}

/* concluded: a commit was asked for, so the program's end is the reason. */
static void
log_message(struct keeper *k, enum status_class class, bool concluded,
	const char *reason)
{
	static const char *const events[] = {
		"message ok", "message refused", "message temp"};
	struct log_line line;

	log_start(&line, &k->log, events[class]);
	log_text(&line, "id", k->id);
	if (k->login[0] != '\0')
		log_text(&line, "user", k->login);
	log_value(&line, "from", slice_of(k->envelope + 1));
	log_value(&line, "to", first_recipient(k));
	log_number(&line, "rcpts", k->recipients);
	log_number(&line, "size", k->octets);
	log_number(&line, "qp", (uint64_t)k->qp);
	if (concluded && class != STATUS_ACCEPTED)
		log_exit(&line, &k->queue);
	if (reason != NULL)
		log_text(&line, "reason", reason);
	/* Last: where the line gets too long, nothing else is lost. */
	if (k->msgid_len > 0)
		log_msgid(&line, (struct slice){k->msgid, k->msgid_len});
	keeper_log(k, &line);
}

/* What the session says that the Message-ID is: the rest of its request. */
static void
take_msgid(struct keeper *k, size_t at)
{
	k->msgid_len = k->packet.len - at; /* the table has its limit */
	memcpy(k->msgid, k->packet.body + at, k->msgid_len);
}

/* The outcome of a commit, now that the program is gone. */
static int
conclude(struct keeper *k)
{
	struct channel_queued queued = {
		(int64_t)clock_seconds(), (int32_t)k->qp};
	struct status status;
	struct queue *q = &k->queue;
	const char *reason = NULL;

	status_from_wait(&status, q->wait_status, buffer_slice(&q->custom));
	/* Exit 0 counts only if every octet was taken. */
	if (status.class == STATUS_ACCEPTED && (q->incomplete || k->broken)) {
		status.class = STATUS_TEMPORARY;
		reason = "incomplete";
		memcpy(status.reply, STATUS_INCOMPLETE,
			sizeof STATUS_INCOMPLETE);
	}
	if (status.class == STATUS_ACCEPTED) {
		k->messages++;
		if (k->config->relaylimits.present)
			recipients_queued(k);
		k->unfinished = 0;
	}
	k->packet.len = 0;
	channel_add(&k->packet, &queued, sizeof queued);
	if (status.class != STATUS_ACCEPTED)
		channel_add(&k->packet, status.reply, strlen(status.reply));
	/* The reply first, at once: a lost 250 makes a duplicate (RFC 1047). */
	keeper_answer(k, status.class == STATUS_ACCEPTED  ? VERDICT_OK
			 : status.class == STATUS_REFUSED ? VERDICT_REFUSED
							  : VERDICT_TEMPORARY);
	log_message(k, status.class, true, reason);
	mail_forget(k);
	return 0;
}

int
answer_commit(struct keeper *k)
{
	struct channel_commit commit;
	struct slice envelope = {NULL, 0};
	size_t at = 0;

	if (channel_take(&k->packet, &at, &commit, sizeof commit) == -1)
		return -1;
	if (k->config->databytes != 0 && commit.octets > k->config->databytes)
		return -1;
	if (commit.written > commit.octets &&
		commit.written - commit.octets > CHANNEL_ADDED_MAX)
		return -1;
	take_msgid(k, at);
	k->octets = commit.octets;
	k->broken = commit.broken != 0;
	if (k->finished)
		return conclude(k);
	if (envelope_end(k) == -1)
		k->broken = true;
	if (!k->broken)
		envelope = (struct slice){k->envelope, k->envelope_len};
	k->channel.pending = ASK_COMMIT;
	queue_commit(&k->queue, envelope,
		k->now + (int64_t)k->config->timeoutqueue * 1000);
	return 0;
}

int
answer_abort(struct keeper *k)
{
	static const char *const words[] = {
		"", "reset", "size", "loop", "line-ends", "queue"};
	unsigned code = k->packet.code;

	if (code == 0 || code >= sizeof words / sizeof *words)
		return -1;
	if (!k->open) {
		k->packet.len = 0;
		mail_forget(k);
		return keeper_answer(k, VERDICT_OK);
	}
	take_msgid(k, 0);
	k->packet.len = 0;
	log_message(k, STATUS_REFUSED, false, words[code]);
	if (k->finished) {
		mail_forget(k);
		return keeper_answer(k, VERDICT_OK);
	}
	k->channel.pending = ASK_ABORT;
	queue_abandon(&k->queue);
	return 0;
}

int
mail_finished(struct keeper *k)
{
	if (k->channel.pending == ASK_COMMIT)
		return conclude(k);
	if (k->channel.pending == ASK_ABORT) {
		mail_forget(k);
		k->packet.len = 0;
		return keeper_answer(k, VERDICT_OK);
	}
	/* Before the message was whole; the session finds a broken pipe. */
	k->finished = true;
	return 0;
}

void
mail_lost(struct keeper *k)
{
	if (k->open)
		log_message(k, STATUS_REFUSED, false, end_word(k));
	mail_forget(k);
}
