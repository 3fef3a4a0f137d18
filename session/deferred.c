/*
 * deferred - sender and recipients that the session accepts by itself. Run by
 * the session.
 *
 * Policy and settings are the keeper's own code and memory. What they accept
 * is told to it in the request that opens the message, and decided there once
 * more: a round trip to the keeper costs as much as all else about a
 * recipient. What they refuse, and what the keeper alone can know, it is
 * asked.
 */
#include <string.h>
#include <unistd.h>

#include "control/policy.h"
#include "session/session.h"

static bool
defer(struct session *s, char type, struct slice path)
{
	struct buffer b = {
		s->deferred, s->deferred_len, sizeof s->deferred, false};

	if (path.len + 2 > sizeof s->deferred - s->deferred_len)
		deferred_tell(s);
	b.len = s->deferred_len;
	buffer_add_char(&b, type);
	buffer_add_slice(&b, path);
	buffer_add_char(&b, '\0');
	if (b.overflow)
		return false;
	s->deferred_len = b.len;
	return true;
}

/* The most that a path can be in the keeper's envelope. */
static size_t
room_of(const struct session *s, struct slice path)
{
	/* Our own address in brackets becomes a name. */
	return path.len + s->config->relayclient.len +
	       s->config->localiphost.len + 3;
}

void
deferred_count(struct session *s, struct slice path)
{
	s->envelope_len += room_of(s, path);
}

bool
deferred_sender(struct session *s, struct slice sender)
{
	/* Only the keeper knows as whom a login may send. */
	bool checked = s->config->sendercheck && s->authenticated;

	return !checked && policy_sender(s->config, sender) == POLICY_OK &&
	       defer(s, 'F', sender);
}

bool
deferred_recipient(struct session *s, struct slice recipient)
{
	const struct config *config = s->config;
	bool relay = s->authenticated || config->relayclient_set;

	/* Counts, a file and our own address are the keeper's. */
	if ((config->relaylimits.present && s->authenticated) ||
		(config->morercpthosts_fd != -1 && !relay) ||
		slice_find(recipient, '[') != recipient.len)
		return false;
	/* Near to the end of its room only the keeper knows what is left. */
	if (s->envelope_len + room_of(s, recipient) > CHANNEL_ENVELOPE_MAX)
		return false;
	if (s->recipients >= CHANNEL_RCPTS_MAX ||
		(config->maxrcpt != 0 && s->recipients >= config->maxrcpt))
		return false;
	return policy_recipient(config, recipient, relay) == POLICY_OK &&
	       defer(s, 'T', recipient);
}

void
deferred_add(struct session *s)
{
	channel_add(&s->message, s->deferred, s->deferred_len);
	s->deferred_len = 0;
	s->told = true;
}

void
deferred_make_room(struct session *s, size_t others)
{
	if (s->deferred_len > CHANNEL_BODY_MAX - others)
		deferred_tell(s);
}

void
deferred_tell(struct session *s)
{
	if (s->deferred_len == 0)
		return;
	channel_start(&s->message, TELL_ENVELOPE, 0);
	deferred_add(s);
	if (channel_send(s->channel, &s->message) == -1)
		_exit(111);
}
