/* deadline - see deadline.h. Run by the keeper. */
#include "keeper/deadline.h"

#include "keeper/keeper.h"
#include "lib/clock.h"

int64_t
keeper_deadline(const struct keeper *k)
{
	const struct config *config = k->config;
	int64_t until = k->channel.since + (int64_t)config->timeoutsmtpd *
						   1000 * CHANNEL_IDLE_COMMANDS;
	int64_t login = login_deadline(k);
	uint64_t databytes = config->databytes; /* 0: no limit */

	/*
	 * The session is gone: its exit and a queue program are all that is
	 * waited for, and both have deadlines of their own.
	 */
	if (k->channel.fd == -1)
		return CLOCK_NEVER;
	/* The session has said its last word, or heard the keeper's. */
	if (k->end.over || k->end.stopped)
		return k->end.since + KEEPER_GRACE_MS;
	/* The session waits for us; our own waits have deadlines. */
	if (k->channel.pending != 0)
		return CLOCK_NEVER;
	if (k->mail.state >= MAIL_OPEN)
		until = k->channel.since +
			channel_message_ms(
				databytes == 0 ? UINT64_MAX : databytes);
	if (k->tls.handshake)
		until = k->channel.since + CHANNEL_HANDSHAKE_MS;
	if (until > login)
		until = login;
	/* Time for what it has to do after an answer that was late. */
	if (until < k->channel.answered)
		until = k->channel.answered;
	return until + KEEPER_LATE_MS;
}
