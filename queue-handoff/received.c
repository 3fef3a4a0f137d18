/* received - see received.h. Run by the keeper. */
#include "queue-handoff/received.h"

#include <string.h>

#include "lib/date.h"

#define TEXT_SHOWN 255 /* octets of a name: RECEIVED_MAX holds five */
#define WORD_SHOWN 64  /* octets of an address or id */

static bool
is_safe(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr(".-_:@+=/[]", c) != NULL);
}

static void
add_safe(struct buffer *out, struct slice text, size_t max)
{
	if (text.len == 0)
		text = slice_of("unknown");
	for (size_t i = 0; i < text.len && i < max; i++)
		buffer_add_char(
			out, is_safe(text.data[i]) ? text.data[i] : '?');
}

/* An address literal: IPv6 has its tag (RFC 5321 §4.1.3). */
static void
add_literal(struct buffer *out, struct slice ip)
{
	buffer_add_char(out, '[');
	if (slice_find(ip, ':') != ip.len)
		buffer_add_text(out, "IPv6:");
	add_safe(out, ip, WORD_SHOWN);
	buffer_add_char(out, ']');
}

static void
add_from(struct buffer *out, const struct received *r)
{
	bool authenticated = r->login.data != NULL;

	buffer_add_text(out, "Received: from ");
	add_safe(out, r->helo, TEXT_SHOWN);
	if (!authenticated || r->name_login) {
		buffer_add_text(out, " (");
		add_safe(out, r->host, TEXT_SHOWN);
		buffer_add_char(out, ' ');
		add_literal(out, r->ip);
		buffer_add_char(out, ')');
	}
	if (authenticated && r->name_login) {
		buffer_add_text(out, " (authenticated as ");
		add_safe(out, r->login, TEXT_SHOWN);
		buffer_add_char(out, ')');
	} else if (authenticated) {
		buffer_add_text(out, " (authenticated)");
	}
}

/* RFC 3848 and RFC 6531 §4.3; the letters belong to the extended words. */
static void
add_protocol(struct buffer *out, const struct received *r)
{
	if (!r->esmtp && !r->utf8) {
		buffer_add_text(out, "SMTP");
		return;
	}
	buffer_add_text(out, r->utf8 ? "UTF8SMTP" : "ESMTP");
	if (r->tls)
		buffer_add_char(out, 'S');
	if (r->login.data != NULL)
		buffer_add_char(out, 'A');
}

void
received_add(struct buffer *out, const struct received *r)
{
	add_from(out, r);
	buffer_add_text(out, "\n  by ");
	add_safe(out, r->by, TEXT_SHOWN);
	buffer_add_text(out, " with ");
	add_protocol(out, r);
	buffer_add_text(out, " id ");
	add_safe(out, r->id, WORD_SHOWN);
	buffer_add_text(out, "; ");
	date_mail(out, r->now);
	buffer_add_char(out, '\n');
}
