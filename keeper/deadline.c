/*
 * deadline - until when the session must have left the state that it is in:
 * the longest that its own rules allow, and a little. Counted from what the
 * keeper has seen by itself; no word of the session prolongs it. Run by the
 * keeper.
 */
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
	/* What we held back is given to it. */
	int64_t login =
		k->channel.start + CHANNEL_LOGIN_MS + k->channel.login_more;

	/* It waits for us; what we wait for has a deadline of its own. */
	if (k->channel.pending != 0)
		return CLOCK_NEVER;
	if (k->open)
		until = k->channel.since + message_ms(config->databytes);
	if (k->handshake)
		until = k->channel.since + CHANNEL_HANDSHAKE_MS;
	if (config->require_auth && !config->relayclient_set &&
		k->login[0] == '\0' && until > login)
		until = login;
	/* Time for what it has to do after an answer that was late. */
	if (until < k->channel.answered)
		until = k->channel.answered;
	return until + KEEPER_LATE_MS;
}
