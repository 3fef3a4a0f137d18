/* log - see log.h. Used by the keeper: the session holds no log. */
#include "lib/log.h"

#include <string.h>
#include <syslog.h>
#include <unistd.h>

void
log_open(struct log *log, const char *program, const char *address,
	bool use_syslog)
{
	*log = (struct log){program, address, use_syslog, getpid()};
	if (use_syslog)
		openlog(program, LOG_NDELAY, LOG_MAIL);
}

void
log_start(struct log_line *line, const struct log *log, const char *event)
{
	/* One octet stays free for the newline. */
	line->buffer = (struct buffer){line->text, 0, LOG_LINE - 1, false};
	if (!log->syslog) {
		buffer_add_text(&line->buffer, log->program);
		buffer_add_text(&line->buffer, ": ");
	}
	buffer_add_number(&line->buffer, (uint64_t)log->pid);
	buffer_add_char(&line->buffer, ' ');
	buffer_add_escaped(&line->buffer, slice_of(log->address), LOG_VALUE);
	buffer_add_char(&line->buffer, ' ');
	buffer_add_text(&line->buffer, event);
}

static void
add_field(
	struct log_line *line, const char *key, struct slice value, size_t max)
{
	struct buffer *b = &line->buffer;
	size_t before = b->len;

	buffer_add_char(b, ' ');
	buffer_add_text(b, key);
	buffer_add_char(b, '=');
	buffer_add_escaped(b, value, max);
	if (b->overflow)
		b->len = before; /* a field is whole or absent */
}

void
log_value(struct log_line *line, const char *key, struct slice value)
{
	add_field(line, key, value, LOG_VALUE);
}

void
log_msgid(struct log_line *line, struct slice value)
{
	add_field(line, "msgid", value, LOG_MSGID);
}

void
log_text(struct log_line *line, const char *key, const char *value)
{
	log_value(line, key, slice_of(value));
}

void
log_number(struct log_line *line, const char *key, uint64_t n)
{
	char digits[20];
	struct buffer b = BUFFER_OVER(digits);

	buffer_add_number(&b, n);
	log_value(line, key, buffer_slice(&b));
}

void
log_send(struct log_line *line, const struct log *log)
{
	struct buffer *b = &line->buffer;

	if (log->syslog) {
		syslog(LOG_INFO, "%.*s", (int)b->len, b->data);
		return;
	}
	b->data[b->len] = '\n';
	/* A full or closed log must not stop mail. */
	ssize_t ignored = write(STDERR_FILENO, b->data, b->len + 1);
	(void)ignored;
}
