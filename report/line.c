/* line - see line.h. */
#include "report/line.h"

#include <string.h>

#include "lib/hex.h"

static const struct {
	const char *first, *second; /* a word with no second stands alone */
} names[EVENTS] = {[EVENT_CONNECT] = {"connect", NULL},
	[EVENT_CONNECT_REFUSED] = {"connect", "refused"},
	[EVENT_TLS_OK] = {"tls", "ok"},
	[EVENT_TLS_FAIL] = {"tls", "fail"},
	[EVENT_AUTH_OK] = {"auth", "ok"},
	[EVENT_AUTH_FAIL] = {"auth", "fail"},
	[EVENT_AUTH_TEMP] = {"auth", "temp"},
	[EVENT_AUTH_CANCEL] = {"auth", "cancel"},
	[EVENT_AUTH_REFUSED] = {"auth", "refused"},
	[EVENT_SENDER_REFUSED] = {"sender", "refused"},
	[EVENT_RCPT_REFUSED] = {"rcpt", "refused"},
	[EVENT_MESSAGE_OK] = {"message", "ok"},
	[EVENT_MESSAGE_REFUSED] = {"message", "refused"},
	[EVENT_MESSAGE_TEMP] = {"message", "temp"},
	[EVENT_CONFIG_FAIL] = {"config", "fail"},
	[EVENT_LOG_LOST] = {"log", NULL},
	[EVENT_LOG_SUPPRESSED] = {"log", "suppressed"},
	[EVENT_END] = {"end", NULL},
	[EVENT_TRACE] = {">", NULL}};

/*
 * Takes the text before the next blank, and that, off the front. The words are
 * short: memchr() would cost more.
 */
static struct slice
take_word(struct slice *rest)
{
	struct slice word = {rest->data, 0};

	while (word.len < rest->len && word.data[word.len] != ' ')
		word.len++;
	*rest = slice_from(*rest, word.len + (word.len < rest->len));
	return word;
}

/* The word that rest begins with, if it is no field: the event's second. */
static struct slice
second_word(struct slice rest)
{
	struct slice word = take_word(&rest);

	return slice_find(word, '=') < word.len ? (struct slice){"", 0} : word;
}

static enum event
find_event(struct slice first, struct slice second)
{
	enum event alone = EVENT_OTHER;

	if (slice_is(first, "<"))
		return EVENT_TRACE;
	for (enum event e = EVENT_OTHER + 1; e < EVENTS; e++) {
		/* Most names differ here, which costs no call. */
		if (*names[e].first != *first.data ||
			!slice_is(first, names[e].first))
			continue;
		if (names[e].second == NULL)
			alone = e;
		else if (slice_is(second, names[e].second))
			return e;
	}
	return alone;
}

static bool
take_pid(struct slice *rest, uint32_t *pid)
{
	struct slice word = take_word(rest);
	uint64_t number;

	if (word.len > 10 || slice_number(word, &number) == -1 ||
		number > UINT32_MAX)
		return false;
	*pid = (uint32_t)number;
	return true;
}

/* An address, or "unknown". */
static bool
may_be_address(struct slice word)
{
	if (word.len == 0 || word.len > 64)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.data[i];

		/* A zone stands behind "%". */
		if ((c < '0' || c > ':') && (c < 'a' || c > 'z') &&
			(c < 'A' || c > 'Z') && c != '.' && c != '%')
			return false;
	}
	return true;
}

#define BLANKS UINT64_C(0x2020202020202020)
#define ONES UINT64_C(0x0101010101010101)

/*
 * The next blank, or end: eight octets at a time, because most of a line is
 * the values that nobody asks for. An octet is a blank where the difference
 * is zero.
 */
static const char *
find_blank(const char *at, const char *end)
{
	for (; end - at >= 8; at += 8) {
		uint64_t octets;

		memcpy(&octets, at, 8);
		octets ^= BLANKS;
		if (((octets - ONES) & ~octets & ONES << 7) != 0)
			break;
	}
	while (at < end && *at != ' ')
		at++;
	return at;
}

static void
take_fields(struct line *line, struct slice rest)
{
	const char *at = rest.data, *end = rest.data + rest.len;

	while (at < end && line->count < LINE_FIELDS) {
		const char *word = at;

		while (at < end && *at != '=' && *at != ' ')
			at++;
		size_t key = (size_t)(at - word);
		bool signs = at < end && *at == '=';

		at = find_blank(at, end);
		if (signs && key > 0) {
			struct line_field *field = &line->fields[line->count++];

			field->key = (struct slice){word, key};
			field->value.data = word + key + 1;
			field->value.len = (size_t)(at - field->value.data);
		}
		at += at < end;
	}
}

int
line_parse(struct line *line, struct slice text)
{
	line->count = 0;
	if (!take_pid(&text, &line->pid))
		return -1;
	line->address = take_word(&text);
	if (!may_be_address(line->address))
		return -1;
	struct slice first = take_word(&text);

	if (first.len == 0 || slice_find(first, '=') < first.len)
		return -1;
	line->event = find_event(first, second_word(text));
	if (line->event != EVENT_TRACE)
		take_fields(line, text);
	return 0;
}

uint64_t
line_number(const struct line *line, const char *key)
{
	uint64_t number;

	return slice_number(line_value(line, key), &number) == -1 ? 0 : number;
}

void
line_decode(struct buffer *out, struct slice value)
{
	for (size_t i = 0; i < value.len; i++) {
		char octet;
		struct buffer one = {&octet, 0, 1, false};

		if (value.data[i] == '\\' && value.len - i >= 4 &&
			value.data[i + 1] == 'x' &&
			hex_decode(&one,
				(struct slice){value.data + i + 2, 2}) == 0) {
			buffer_add_char(out, octet);
			i += 3;
		} else {
			buffer_add_char(out, value.data[i]);
		}
	}
}
