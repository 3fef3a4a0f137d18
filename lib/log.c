/* log - see log.h. Run by main and the keeper: the session holds no log. */
#include "lib/log.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/emit.h"

#define PATH "/dev/log"
#define PRIORITY "<22>" /* LOG_MAIL, LOG_INFO; the time is syslogd's */
#define PATIENCE_MS 5000

/* The descriptor stays the same, whatever has become of syslogd. */
static bool
reach_syslog(const struct log *log)
{
	static const struct sockaddr_un address = {AF_UNIX, PATH};

	return connect(log->fd, (const struct sockaddr *)&address,
		       sizeof address) == 0;
}

void
log_open(struct log *log, const char *program, const char *address,
	bool use_syslog)
{
	*log = (struct log){.program = program,
		.address = address,
		.syslog = use_syslog,
		.fd = STDERR_FILENO,
		.pid = getpid()};
	if (!use_syslog)
		return;
	log->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	(void)reach_syslog(log); /* a line that is lost says so later */
}

void
log_start(struct log_line *line, const struct log *log, const char *event)
{
	/* One octet stays free for the newline. */
	line->buffer = (struct buffer){line->text, 0, LOG_LINE - 1, false};
	if (log->syslog)
		buffer_add_text(&line->buffer, PRIORITY);
	buffer_add_text(&line->buffer, log->program);
	buffer_add_text(&line->buffer, ": ");
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

	if (value.data == NULL)
		return;
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
log_exit(struct log_line *line, int wait_status, bool killed)
{
	if (killed)
		log_text(line, "exit", "timeout");
	else if (WIFEXITED(wait_status))
		log_number(line, "exit", (uint64_t)WEXITSTATUS(wait_status));
	else
		log_number(line, "signal", (uint64_t)WTERMSIG(wait_status));
}

static bool
put(const struct log *log, struct log_line *line, int ms)
{
	struct buffer *b = &line->buffer;

	if (log->syslog)
		return emit_datagram(log->fd, b->data, b->len, ms) ||
		       (errno != EAGAIN && reach_syslog(log) &&
			       emit_datagram(log->fd, b->data, b->len, ms));
	b->data[b->len] = '\n';
	return emit(log->fd, b->data, b->len + 1, ms);
}

/* Says how many are missing, before the first that is not. */
static bool
tell_lost(struct log *log)
{
	struct log_line line;

	log_start(&line, log, "log");
	log_number(&line, "lost", log->lost);
	if (!put(log, &line, 0))
		return false;
	log->lost = 0;
	return true;
}

void
log_send(struct log_line *line, struct log *log)
{
	if ((log->lost == 0 || tell_lost(log)) &&
		put(log, line, log->impatient ? 0 : PATIENCE_MS))
		return;
	log->lost++;
	log->impatient = true;
}
