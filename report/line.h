/*
 * line - one line of our own log, taken apart. Pure: the one place that knows
 * its form. lib/log.h says who writes it; here nothing of it is believed.
 */
#ifndef REPORT_LINE_H
#define REPORT_LINE_H

#include <string.h>

#include "lib/buffer.h"

/* More than the keeper writes; the rest is passed by. */
#define LINE_FIELDS 24

enum event {
	EVENT_OTHER, /* of a later version */
	EVENT_CONNECT,
	EVENT_CONNECT_REFUSED,
	EVENT_TLS_OK,
	EVENT_TLS_FAIL,
	EVENT_AUTH_OK,
	EVENT_AUTH_FAIL,
	EVENT_AUTH_TEMP,
	EVENT_AUTH_CANCEL,
	EVENT_AUTH_REFUSED,
	EVENT_SENDER_REFUSED,
	EVENT_RCPT_REFUSED,
	EVENT_MESSAGE_OK,
	EVENT_MESSAGE_REFUSED,
	EVENT_MESSAGE_TEMP,
	EVENT_CONFIG_FAIL,
	EVENT_LOG_LOST,
	EVENT_LOG_SUPPRESSED,
	EVENT_END,
	EVENT_TRACE,
	EVENTS
};

struct line_field {
	struct slice key, value; /* the value as it stands there, escaped */
};

struct line {
	uint32_t pid;
	struct slice address; /* "203.0.113.7", "unknown" */
	enum event event;
	size_t count;
	struct line_field fields[LINE_FIELDS];
};

/*
 * Takes apart what stands behind "smtpd-auth: ". The slices are views of
 * text. Returns 0, or -1 when it is no line of ours.
 */
int line_parse(struct line *line, struct slice text);

/* The value of a key as it stands there; absent when the line has none. */
static inline struct slice
line_value(const struct line *line, const char *key)
{
	size_t len = strlen(key); /* of a text that the compiler knows */

	for (size_t i = 0; i < line->count; i++)
		if (line->fields[i].key.len == len &&
			memcmp(line->fields[i].key.data, key, len) == 0)
			return line->fields[i].value;
	return (struct slice){NULL, 0};
}

/* A number; 0 when there is none, or when it is none. */
uint64_t line_number(const struct line *line, const char *key);

/* Adds the octets that an escaped value stands for: \xHH becomes one. */
void line_decode(struct buffer *out, struct slice value);

#endif
