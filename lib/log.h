/*
 * log - one line an event, on descriptor 2 or to syslog (LOG_MAIL).
 *
 *   smtpd-auth: PID IP EVENT [RESULT] key=value ...
 *
 * At most LOG_LINE octets with the newline; each value escaped (blanks,
 * backslashes, non-printables as \xHH) and cut at LOG_VALUE octets, so that
 * nobody who picks a value can forge a field or a line. A line that would be
 * too long loses its last fields, never its first.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <sys/types.h>

#include "lib/buffer.h"

#define LOG_LINE 800
#define LOG_VALUE 120
#define LOG_MSGID 250 /* a Message-ID is searched for as a whole */

struct log {
	const char *program; /* "smtpd-auth" */
	const char *address; /* the client's, or "unknown" */
	bool syslog;	     /* else descriptor 2 */
	bool impatient;	     /* a line was lost: no more waiting */
	int fd;
	unsigned lost; /* since the last line that went out */
	pid_t pid;
};

struct log_line {
	char text[LOG_LINE];
	struct buffer buffer;
};

/*
 * Connects to syslog when use_syslog is set, so it comes before privileges
 * are dropped. Both texts must outlive the struct.
 */
void log_open(struct log *log, const char *program, const char *address,
	bool use_syslog);

/* Starts a line; event: "auth fail", "connect", ... as in smtpd-auth(8). */
void log_start(struct log_line *line, const struct log *log, const char *event);
/* Each adds a field, but none for a value that is absent, or NULL. */
void log_value(struct log_line *line, const char *key, struct slice value);
void log_msgid(struct log_line *line, struct slice value);
void log_text(struct log_line *line, const char *key, const char *value);
void log_number(struct log_line *line, const char *key, uint64_t n);
/* exit=N or signal=N of a program's wait status; killed: exit=timeout. */
void log_exit(struct log_line *line, int wait_status, bool killed);

/*
 * Writes the line. A log that takes nothing for 5 seconds loses the line, and
 * is not waited for again; "log lost=N" stands before the next line that it
 * takes. A line that cannot be written is lost, too: mail goes on.
 */
void log_send(struct log_line *line, struct log *log);

#endif
