/*
 * message - the keeper's answers about a message. Run by the keeper. The life
 * of a message, which this page follows:
 *
 *   answer_paths     The session asks about a sender or a recipient; before it
 *                    in the list are those that it has accepted in our name.
 *                    What is allowed (paths.c, rcpt.c) is in the envelope.
 *   answer_open      The rest of the list comes. We write the Received line,
 *                    start a queue program, and give away the message pipe.
 *   (the octets)     go from the session to that program, past us.
 *   answer_commit    All are in the pipe: the program gets the envelope, unless
 *                    a policy daemon that is asked has refused the message.
 *   mail_finished    The program is gone.
 *   conclude         Its outcome: reply, then log, then forget.
 *   answer_abort     In place of the commit: the program gets no envelope.
 *   mail_lost        The session is gone in the middle of it.
 *
 * session/message.c asks, in the same order.
 */
#include "keeper/message.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/environment.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "queue-handoff/received.h"
#include "queue-handoff/status.h"

bool
mail_login_is_old(const struct keeper *k)
{
	struct stat now;

	if (login_user(k) == NULL || k->backend.kind != AUTHENTICATOR_USERS)
		return false;
	return fstat(k->backend.users_fd, &now) == -1 || now.st_nlink == 0 ||
	       now.st_ctim.tv_sec != k->backend.users_ctime.tv_sec ||
	       now.st_ctim.tv_nsec != k->backend.users_ctime.tv_nsec;
}

int
answer_paths(struct keeper *k)
{
	return rcpt_answer(
		k, mail_take_paths(k, channel_rest(&k->packet, 0), true));
}

/* ---------------------------------------------------------------- open --- */

void
mail_make_id(const struct keeper *k, unsigned number, char id[CHANNEL_ID_MAX])
{
	struct buffer b = {id, 0, CHANNEL_ID_MAX, false};

	buffer_add_number(&b, (uint64_t)clock_seconds());
	buffer_add_char(&b, '.');
	buffer_add_number(&b, (uint64_t)k->log.pid);
	buffer_add_char(&b, '.');
	buffer_add_number(&b, number);
	(void)buffer_string(&b); /* three numbers always fit */
}

static void
add_received(const struct keeper *k, unsigned flags, struct buffer *line)
{
	const struct config *config = k->config;
	struct received received = {
		.helo = {k->mail.helo_len == 0 ? NULL : k->mail.helo,
			k->mail.helo_len},
		.host = config->remote_host,
		.ip = config->remote_ip,
		.by = config->me,
		.id = slice_of(k->mail.id),
		.login = slice_of(login_user(k)),
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
		.environment = environment_make(k, flags, NULL, 0),
		.error_fd = (int)k->config->error_fd};

	int result = slice_string(k->config->queue_program, path, sizeof path);

	if (result == -1)
		path[0] = '\0';
	add_received(k, flags, &line);
	program.above = policy_ask_above(k);
	program.head = buffer_slice(&line);
	if (program.environment == NULL || line.overflow) {
		errno = E2BIG;
		result = -1;
	}
	if (result == 0)
		result = queue_start(&k->mail.queue, &program, fd);
	if (result == -1)
		keeper_log_config(k, path, strerror(errno));
	k->mail.qp = k->mail.queue.pid;
	return result;
}

int
answer_open(struct keeper *k)
{
	struct mail *mail = &k->mail;
	struct channel_open open;
	size_t at = 0;
	int fd;

	if (channel_take(&k->packet, &at, &open, sizeof open) == -1 ||
		open.flags & ~(unsigned)OPEN_FLAGS ||
		open.helo_len > sizeof mail->helo ||
		channel_take(&k->packet, &at, mail->helo, open.helo_len) ==
			-1 ||
		mail->unfinished++ >= KEEPER_UNFINISHED_MAX)
		return -1;
	mail->helo_len = open.helo_len;
	mail->esmtp = open.flags & OPEN_ESMTP;
	if (mail_take_paths(k, channel_rest(&k->packet, at), false) == -1 ||
		mail->recipients == 0)
		return -1;
	k->packet.len = 0;
	if (mail_login_is_old(k))
		return keeper_answer(k, VERDICT_USERS);
	mail_make_id(k, ++mail->opened, mail->id);
	if (mail->state == MAIL_LOST || start_queue(k, open.flags, &fd) == -1)
		return keeper_answer(k, VERDICT_TEMPORARY);
	mail->state = MAIL_OPEN;
	k->channel.since = k->now;
	mail->octets = 0;
	channel_add(&k->packet, mail->id, strlen(mail->id));
	int result = keeper_answer_with(k, VERDICT_OK, fd);

	/* The session alone holds this end: its close ends the text. */
	close(fd);
	return result;
}

/* -------------------------------------------------------------- commit --- */

/* What the session says that the Message-ID is: the rest of its request. */
static void
take_msgid(struct keeper *k, size_t at)
{
	k->mail.msgid_len = k->packet.len - at; /* the table has its limit */
	memcpy(k->mail.msgid, k->packet.body + at, k->mail.msgid_len);
}

static int conclude(struct keeper *k);
static int conclude_refused(struct keeper *k);

/* The policy daemon has its say before the program gets the envelope. */
static int
commit(struct keeper *k, int verdict)
{
	struct mail *mail = &k->mail;
	struct slice envelope = SLICE_NONE;

	if (verdict == VERDICT_LATER) {
		k->late.asked = k->now;
		k->late.then = commit;
		return 0;
	}
	if (verdict != VERDICT_OK) {
		mail->state = MAIL_REFUSED;
		mail->refusal = verdict;
		queue_abandon(&mail->queue);
		return 0;
	}
	if (envelope_end(&mail->envelope) == -1)
		mail->state = MAIL_BROKEN;
	if (mail->state == MAIL_WHOLE)
		envelope =
			(struct slice){mail->envelope.text, mail->envelope.len};
	queue_commit(&mail->queue, envelope,
		k->now + (int64_t)k->config->timeoutqueue * 1000);
	return 0;
}

int
answer_commit(struct keeper *k)
{
	struct mail *mail = &k->mail;
	struct channel_commit said;
	size_t at = 0;

	if (channel_take(&k->packet, &at, &said, sizeof said) == -1)
		return -1;
	if (k->config->databytes != 0 && said.octets > k->config->databytes)
		return -1;
	if (said.written > said.octets &&
		said.written - said.octets > CHANNEL_ADDED_MAX)
		return -1;
	take_msgid(k, at);
	mail->octets = said.octets;
	bool gone = mail->state == MAIL_GONE;

	mail->state = said.broken != 0 ? MAIL_BROKEN : MAIL_WHOLE;
	if (gone)
		return conclude(k);
	k->channel.pending = ASK_COMMIT;
	return commit(
		k, mail->state == MAIL_WHOLE ? policy_ask_end(k) : VERDICT_OK);
}

/* Keeps the envelope's memory for the next message. */
static void
forget(struct keeper *k)
{
	if (k->mail.state >= MAIL_OPEN)
		k->channel.since = k->now;
	k->mail.state = MAIL_NONE;
	k->mail.recipients = 0;
	k->mail.msgid_len = 0;
	envelope_clear(&k->mail.envelope);
	if (k->config->rcptcheck.data != NULL)
		rcptcheck_forget(k);
	policy_ask_forget(k);
	/* What was counted for a message that is not queued. */
	if (k->config->relaylimits.present)
		recipients_give_back(k);
}

static int
answer_forgotten(struct keeper *k)
{
	k->packet.len = 0;
	forget(k);
	return keeper_answer(k, VERDICT_OK);
}

int
mail_finished(struct keeper *k)
{
	/* The program has ended: nobody need be asked about its message. */
	late_let_go(k);
	if (k->mail.state == MAIL_REFUSED)
		return conclude_refused(k);
	if (k->channel.pending == ASK_COMMIT)
		return conclude(k);
	if (k->channel.pending == ASK_ABORT)
		return answer_forgotten(k);
	/* Before the message was whole; the session finds a broken pipe. */
	k->mail.state = MAIL_GONE;
	return 0;
}

/* ------------------------------------------------------------- outcome --- */

/* concluded: a commit was asked for, so the program's end is the reason. */
static void
log_message(struct keeper *k, enum status_class class, bool concluded,
	const char *reason)
{
	static const char *const events[] = {
		"message ok", "message refused", "message temp"};
	const struct queue *q = &k->mail.queue;
	struct log_line line;

	log_start(&line, &k->log, events[class]);
	log_text(&line, "id", k->mail.id);
	log_text(&line, "user", login_user(k));
	log_value(&line, "from", envelope_sender(&k->mail.envelope));
	log_value(&line, "to", envelope_recipient(&k->mail.envelope));
	log_number(&line, "rcpts", k->mail.recipients);
	log_number(&line, "size", k->mail.octets);
	log_number(&line, "qp", (uint64_t)k->mail.qp);
	if (concluded && class != STATUS_ACCEPTED)
		log_exit(&line, q->wait_status, q->timed_out);
	log_text(&line, "reason", reason);
	if (k->mail.state == MAIL_REFUSED)
		policy_ask_log(k, &line);
	/* Last: where the line gets too long, nothing else is lost. */
	if (k->mail.msgid_len > 0)
		log_msgid(&line,
			(struct slice){k->mail.msgid, k->mail.msgid_len});
	keeper_log(k, &line);
}

/* Exit 0 counts only if every octet was taken. Returns what to log of it. */
static const char *
find_outcome(const struct mail *mail, struct status *status)
{
	const struct queue *q = &mail->queue;

	status_from_wait(status, q->wait_status, buffer_slice(&q->custom));
	if (status->class != STATUS_ACCEPTED ||
		(!q->incomplete && mail->state != MAIL_BROKEN))
		return NULL;
	status->class = STATUS_TEMPORARY;
	memcpy(status->reply, STATUS_INCOMPLETE, sizeof STATUS_INCOMPLETE);
	return "incomplete";
}

/* The outcome of a commit, now that the program is gone. */
static int
conclude(struct keeper *k)
{
	struct mail *mail = &k->mail;
	struct channel_queued queued = {
		(int64_t)clock_seconds(), (int32_t)mail->qp};
	struct status status;
	const char *reason = find_outcome(mail, &status);

	if (status.class == STATUS_ACCEPTED) {
		mail->queued++;
		if (k->config->relaylimits.present)
			recipients_queued(k);
		mail->unfinished = 0;
	}
	k->packet.len = 0;
	channel_add(&k->packet, &queued, sizeof queued);
	if (status.class != STATUS_ACCEPTED)
		channel_add(&k->packet, status.reply, strlen(status.reply));
	/* The reply first, at once: a lost 250 makes a duplicate (RFC 1047). */
	int result = keeper_answer(
		k, status.class == STATUS_ACCEPTED  ? VERDICT_OK
		   : status.class == STATUS_REFUSED ? VERDICT_REFUSED
						    : VERDICT_TEMPORARY);

	log_message(k, status.class, true, reason);
	forget(k);
	return result;
}

/* The policy daemon's no; the program got no envelope, and is gone. */
static int
conclude_refused(struct keeper *k)
{
	struct channel_queued none = {0, 0};

	k->packet.len = 0;
	channel_add(&k->packet, &none, sizeof none);
	channel_add(&k->packet, k->rcpt.said, strlen(k->rcpt.said));
	int result = keeper_answer(k, (unsigned)k->mail.refusal);

	log_message(k,
		k->rcpt.said[0] == '5' ? STATUS_REFUSED : STATUS_TEMPORARY,
		false, "policy");
	forget(k);
	return result;
}

/* --------------------------------------------- in place of the outcome --- */

int
answer_abort(struct keeper *k)
{
	static const char *const words[] = {
		"", "reset", "size", "loop", "line-ends", "queue"};
	unsigned code = k->packet.code;

	if (code == 0 || code >= sizeof words / sizeof *words)
		return -1;
	if (k->mail.state < MAIL_OPEN)
		return answer_forgotten(k);
	take_msgid(k, 0);
	log_message(k, STATUS_REFUSED, false, words[code]);
	if (k->mail.state == MAIL_GONE)
		return answer_forgotten(k);
	k->packet.len = 0;
	k->channel.pending = ASK_ABORT;
	queue_abandon(&k->mail.queue);
	return 0;
}

void
mail_lost(struct keeper *k)
{
	if (k->mail.state >= MAIL_OPEN)
		log_message(k, STATUS_REFUSED, false, end_word(k));
	forget(k);
}
