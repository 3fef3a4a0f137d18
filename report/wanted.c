/* wanted - see wanted.h. */
#include "report/wanted.h"

#include "lib/log.h"

/* A value that is nearly this long may be the front of a longer one. */
#define CUT 4

/* Does the escaped value stand for this text? */
static bool
matches(struct slice value, struct slice text, size_t max)
{
	char octets[LOG_LINE];
	struct buffer b = BUFFER_OVER(octets);

	if (value.data == NULL || value.len == 0)
		return false;
	line_decode(&b, value);
	struct slice plain = buffer_slice(&b);

	if (value.len + CUT > max && text.len > plain.len)
		text.len = plain.len;
	return slice_equal_nocase(plain, text);
}

bool
wanted_user(const struct line *line, struct slice user)
{
	return matches(line_value(line, "user"), user, LOG_VALUE);
}

static bool
is_number(struct slice text)
{
	uint64_t number;

	return slice_number(text, &number) == 0;
}

bool
wanted_message(const struct line *line, struct slice message)
{
	static const char *const keys[] = {"id", "from", "to", "rcpt"};

	if (message.len > 2 && message.data[0] == '<' &&
		message.data[message.len - 1] == '>')
		message = (struct slice){message.data + 1, message.len - 2};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (matches(line_value(line, keys[i]), message, LOG_VALUE))
			return true;
	if (is_number(message) && slice_equal(line_value(line, "qp"), message))
		return true;
	return matches(line_value(line, "msgid"), message, LOG_MSGID) ||
	       (line->event == EVENT_CONNECT &&
		       slice_equal_nocase(line->address, message));
}
