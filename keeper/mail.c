/* mail - the keeper's answers about a message: envelope, hand-over, outcome. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "keeper/environment.h"
#include "keeper/keeper.h"
#include "lib/clock.h"
#include "queue-handoff/received.h"
#include "queue-handoff/status.h"

/* Keeps the memory for the next message. */
void
mail_forget(struct keeper *k)
{
	k->mail = k->open = k->finished = k->broken = false;
	k->envelope_len = k->recipients = 0;
}

/* The first KEEPER_ENVELOPE_FIRST octets, most envelopes, need no malloc. */
static int
envelope_grow(struct keeper *k, size_t needed)
{
	size_t cap = sizeof k->envelope_first;
	char *larger = k->envelope_first;

	while (cap < needed)
		cap *= 2;
	if (cap > sizeof k->envelope_first) {
		char *old =
			k->envelope == k->envelope_first ? NULL : k->envelope;

		larger = realloc(old, cap);
		if (larger == NULL)
			return -1;
		if (old == NULL)
			memcpy(larger, k->envelope_first, k->envelope_len);
	}
	k->envelope = larger;
	k->envelope_cap = cap;
	return 0;
}

static int
envelope_add(struct keeper *k, struct slice text)
{
	if (text.len > k->envelope_cap - k->envelope_len &&
		envelope_grow(k, k->envelope_len + text.len) == -1)
		return -1;
	memcpy(k->envelope + k->envelope_len, text.data, text.len);
	k->envelope_len += text.len;
	return 0;
}

/* TYPE text suffix NUL, whole or not at all. */
static int
envelope_add_path(
	struct keeper *k, char type, struct slice text, struct slice suffix)
{
	size_t before = k->envelope_len;

	if (envelope_add(k, (struct slice){&type, 1}) == 0 &&
		envelope_add(k, text) == 0 &&
		(suffix.len == 0 || envelope_add(k, suffix) == 0) &&
		envelope_add(k, (struct slice){"", 1}) == 0)
		return 0;
	k->envelope_len = before;
	return -1;
}

/* No octet that could end a path early reaches the envelope. */
static bool
is_clean(struct slice path)
{
	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.data[i];

		if (c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

int
answer_mail(struct keeper *k)
{
	struct slice sender = channel_rest(&k->message, 0);
	struct slice none = {NULL, 0};
	struct log_line line;
	unsigned verdict = VERDICT_OK;

	if (!is_clean(sender))
		return -1;
	/* The session refuses this by itself; one that asks was taken over. */
	if (k->config->require_auth && !keeper_relays(k))
		return -1;
	if (policy_sender(k->config, sender) != POLICY_OK) {
		log_start(&line, &k->log, "sender refused");
		log_value(&line, "from", sender);
		log_text(&line, "reason", "bad");
		keeper_log(k, &line);
		verdict = VERDICT_SENDER;
	} else if (envelope_add_path(k, 'F', sender, none) == -1) {
		verdict = VERDICT_TEMPORARY;
	} else {
		k->mail = true;
		k->first_recipient = k->envelope_len;
	}
	k->message.len = 0;
	return keeper_answer(k, verdict);
}

/* user@[our ip] is user@localiphost, as qmail-smtpd has it. */
static struct slice
replace_literal(
	const struct keeper *k, struct slice path, char *out, size_t cap)
{
	size_t at = slice_find_last(path, '@');
	struct buffer literal = {out, 0, cap, false};

	if (at == path.len)
		return path;
	buffer_add_char(&literal, '[');
	buffer_add_slice(&literal, k->config->local_ip);
	buffer_add_char(&literal, ']');
	if (literal.overflow ||
		!slice_equal(buffer_slice(&literal), slice_from(path, at + 1)))
		return path;
	literal.len = 0;
	buffer_add(&literal, path.data, at + 1);
	buffer_add_slice(&literal, k->config->localiphost);
	return literal.overflow ? path : buffer_slice(&literal);
}

static unsigned
rcpt_verdict(const struct keeper *k, struct slice path, const char **reason)
{
	uint64_t limit = k->config->maxrcpt;

	*reason = "limit";
	if (k->recipients >= KEEPER_RCPTS_MAX ||
		(limit != 0 && k->recipients >= limit))
		return VERDICT_TOO_MANY;
	switch (policy_recipient(k->config, path, keeper_relays(k))) {
	case POLICY_OK:
		return VERDICT_OK;
	case POLICY_BAD:
		*reason = "bad";
		return VERDICT_RECIPIENT;
	case POLICY_NO_DOMAIN:
		*reason = "bad";
		return VERDICT_NO_DOMAIN;
	case POLICY_RELAY:
		*reason = "relay";
		return VERDICT_RELAY;
	default:
		*reason = "backend";
		return VERDICT_TEMPORARY;
	}
}

int
answer_rcpt(struct keeper *k)
{
	char text[1400];
	struct slice given = channel_rest(&k->message, 0);
	struct slice path = replace_literal(k, given, text, sizeof text);
	const char *reason;
	struct log_line line;

	if (!is_clean(given))
		return -1;
	unsigned verdict = rcpt_verdict(k, path, &reason);

	if (verdict == VERDICT_OK &&
		envelope_add_path(k, 'T', path, k->config->relayclient) == -1) {
		verdict = VERDICT_TEMPORARY;
		reason = "memory";
	}
	if (verdict == VERDICT_OK) {
		k->recipients++;
	} else {
		log_start(&line, &k->log, "rcpt refused");
		log_value(&line, "rcpt", path);
		log_text(&line, "reason", reason);
		keeper_log(k, &line);
	}
	k->message.len = 0;
	return keeper_answer(k, verdict);
}

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

/* The pipe is new and empty, so the whole line fits without waiting. */
static int
write_received(struct keeper *k, unsigned flags, int fd)
{
	const struct config *config = k->config;
	char text[RECEIVED_MAX];
	struct buffer line = BUFFER_OVER(text);
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
		.tls = k->tls || config->tls_outside,
		.utf8 = flags & OPEN_SMTPUTF8,
		.now = clock_seconds(),
	};
	received_add(&line, &received);
	if (line.overflow)
		return -1;
	return write(fd, line.data, line.len) == (ssize_t)line.len ? 0 : -1;
}

static int
start_queue(struct keeper *k, unsigned flags, int *fd)
{
	char program[1024];

	char *const *environment = environment_make(k, flags);

	if (environment == NULL)
		errno = E2BIG;
	if (environment == NULL ||
		slice_string(k->config->queue_program, program,
			sizeof program) == -1 ||
		queue_start(&k->queue, program, environment,
			(int)k->config->error_fd, fd) == -1) {
		keeper_log_config(k, program, strerror(errno));
		return -1;
	}
	k->qp = k->queue.pid;
	if (write_received(k, flags, *fd) == -1) {
		close(*fd);
		queue_kill(&k->queue);
		return -1;
	}
	return 0;
}

int
answer_open(struct keeper *k)
{
	struct channel_open open;
	size_t at = 0;
	int fd;

	if (channel_take(&k->message, &at, &open, sizeof open) == -1 ||
		open.flags & ~(unsigned)OPEN_FLAGS ||
		k->unfinished++ >= KEEPER_UNFINISHED_MAX)
		return -1;
	struct slice helo = channel_rest(&k->message, at);

	memcpy(k->helo, helo.data, helo.len);
	k->helo_len = helo.len;
	make_id(k);
	k->message.len = 0;
	if (start_queue(k, open.flags, &fd) == -1)
		return keeper_answer(k, VERDICT_TEMPORARY);
	k->open = true;
	k->octets = 0;
	k->message.code = VERDICT_OK;
	int sent = channel_answer(k->channel, &k->message, fd);

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
	keeper_log(k, &line);
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
		k->unfinished = 0;
	}
	k->message.len = 0;
	channel_add(&k->message, &queued, sizeof queued);
	if (status.class != STATUS_ACCEPTED)
		channel_add(&k->message, status.reply, strlen(status.reply));
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

	if (channel_take(&k->message, &at, &commit, sizeof commit) == -1)
		return -1;
	if (k->config->databytes != 0 && commit.octets > k->config->databytes)
		return -1;
	k->octets = commit.octets;
	k->broken = commit.broken != 0;
	if (k->finished)
		return conclude(k);
	if (envelope_add(k, (struct slice){"", 1}) == -1)
		k->broken = true;
	if (!k->broken)
		envelope = (struct slice){k->envelope, k->envelope_len};
	k->pending = ASK_COMMIT;
	queue_commit(&k->queue, envelope,
		k->now + (int64_t)k->config->timeoutqueue * 1000);
	return 0;
}

/* In words, by enum channel_abort. */
static const char *
abort_reason(unsigned code)
{
	static const char *const words[] = {
		"client", "reset", "size", "loop", "line-ends", "queue"};

	return code < sizeof words / sizeof *words ? words[code] : words[0];
}

int
answer_abort(struct keeper *k)
{
	unsigned code = k->message.code;

	k->message.len = 0;
	if (!k->open) {
		mail_forget(k);
		return keeper_answer(k, VERDICT_OK);
	}
	log_message(k, STATUS_REFUSED, false, abort_reason(code));
	if (k->finished) {
		mail_forget(k);
		return keeper_answer(k, VERDICT_OK);
	}
	k->pending = ASK_ABORT;
	queue_abandon(&k->queue);
	return 0;
}

int
mail_finished(struct keeper *k)
{
	if (k->pending == ASK_COMMIT)
		return conclude(k);
	if (k->pending == ASK_ABORT) {
		mail_forget(k);
		k->message.len = 0;
		return keeper_answer(k, VERDICT_OK);
	}
	/* Before the message was whole; the session finds a broken pipe. */
	k->finished = true;
	if (k->channel == -1 || k->over)
		log_message(k, STATUS_REFUSED, false, abort_reason(0));
	return 0;
}
