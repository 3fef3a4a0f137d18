/* deadline - see deadline.h. Run by the keeper. */
#include "keeper/deadline.h"

#include "keeper/keeper.h"
#include "lib/clock.h"

static int64_t
message_ms(uint64_t databytes)
{
	uint64_t slow = CHANNEL_MESSAGE_MS - CHANNEL_RATE_FREE_MS;

	if (databytes == 0 || databytes > slow / CHANNEL_RATE_MS_AN_OCTET)
		return CHANNEL_MESSAGE_MS;
	return CHANNEL_RATE_FREE_MS +
	       (int64_t)(databytes * CHANNEL_RATE_MS_AN_OCTET);
}

int64_t
keeper_deadline(const struct keeper *k)
{
	const struct config *config = k->config;
	int64_t until = k->channel.since + (int64_t)config->timeoutsmtpd *
						   1000 * CHANNEL_IDLE_COMMANDS;
	int64_t login = login_deadline(k);

	/* Gone: its exit is waited for elsewhere, and only a queue program. */
	if (k->channel.fd == -1)
		return CLOCK_NEVER;
	/* It has said its last word, or heard ours. */
	if (k->end.over || k->end.stopped)
		return k->end.since + KEEPER_GRACE_MS;
	/* It waits for us; what we wait for has a deadline of its own. */
	if (k->channel.pending != 0)
		return CLOCK_NEVER;
	if (k->mail.state >= MAIL_OPEN)
		until = k->channel.since + message_ms(config->databytes);
	if (k->tls.handshake)
		until = k->channel.since + CHANNEL_HANDSHAKE_MS;
	if (until > login)
		until = login;
	/* Time for what it has to do after an answer that was late. */
	if (until < k->channel.answered)
		until = k->channel.answered;
	return until + KEEPER_LATE_MS;
}
