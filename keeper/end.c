/*
 * end - how a connection ends: the session's last word or ours, its exit, or
 * its death by our hand, and the line in the log. Run by the keeper.
 */
#include <sys/socket.h>

#include "keeper/keeper.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/rights.h"

/* The session's jail failed: that is its first word, with the step's number. */
static int
hear_failed_jail(struct keeper *k)
{
	const char *step = rights_step(k->packet.body[0]);

	if (k->channel.heard > 1 || k->packet.code != END_JAIL || step == NULL)
		return -1;
	keeper_log_config(k, k->jail.directory, step);
	return 0;
}

int
hear_end(struct keeper *k)
{
	if (k->packet.len > 0 && hear_failed_jail(k) == -1)
		return -1;
	/* Nobody has told the session to stop: it could not get an answer. */
	if (k->packet.code == END_TERM && !k->end.stopped)
		k->packet.code = 0;
	if (k->packet.code < END_CODES)
		k->end.why = k->packet.code;
	k->end.over = true;
	k->end.since = k->now;
	return 0;
}

void
end_stop(struct keeper *k)
{
	k->end.stopped = true;
	k->channel.pending = 0;
	k->end.since = k->now;
	if (k->channel.fd != -1)
		shutdown(k->channel.fd, SHUT_WR);
}

void
end_reap(struct keeper *k, int64_t grace_ms)
{
	pid_t session = k->channel.session;

	if (session == -1)
		return;
	if (child_wait(session, NULL, 0) == 0) {
		if (child_wait(session, NULL, grace_ms) == 0)
			child_kill_jailed(
				session, k->jail.isolate, JAIL_RIGHTS_KILL);
		k->now = clock_ms();
	}
	k->channel.session = -1;
}

const char *
end_word(const struct keeper *k)
{
	static const char *const words[KEEPER_ENDS] = {"session-died", "quit",
		"client", "timeout", "auth", "errors", "line-ends", "jail",
		"users", "term", "channel", "overdue"};

	return words[k->end.why == 0 && k->end.stopped ? END_TERM : k->end.why];
}

/*
 * A balancer looks every few seconds whether we are there: the log says nothing
 * of that, unless the balancer wanted more, or we have failed.
 */
static bool
is_silent(const struct keeper *k)
{
	bool tls = k->tls.on || k->config->tls_outside;

	if (!k->config->health_check)
		return false;
	switch (k->end.why) {
	case END_QUIT:
	case END_CLIENT:
	case END_TIMEOUT:
	case END_TERM:
		return true;
	case END_ERRORS: /* of the handshake, before it could want anything */
		return k->config->smtps && !tls;
	default:
		return k->end.stopped;
	}
}

void
end_log(struct keeper *k)
{
	char text[24];
	struct buffer seconds = BUFFER_OVER(text);
	uint64_t tenths = (uint64_t)(k->now - k->channel.start + 50) / 100;
	struct log_line line;

	if (is_silent(k))
		return;
	if (k->config->health_check)
		keeper_log_connect(k, "connect", NULL, NULL);
	buffer_add_number(&seconds, tenths / 10);
	buffer_add_char(&seconds, '.');
	buffer_add_number(&seconds, tenths % 10);
	log_start(&line, &k->log, "end");
	log_value(&line, "seconds", buffer_slice(&seconds));
	log_number(&line, "messages", k->mail.queued);
	log_text(&line, "reason", end_word(k));
	log_send(&line, &k->log);
}
