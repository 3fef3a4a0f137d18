/*
 * status - a qmail-queue program's exit code as an SMTP reply, and the codes
 * that our own qmail-queue programs exit with. Used by both ends.
 * Source: qmail-queue(8), notqmail's qmail.c.
 */
#ifndef QUEUE_HANDOFF_STATUS_H
#define QUEUE_HANDOFF_STATUS_H

#include "lib/bytes.h"

#define STATUS_TEXT_MAX 400  /* octets of a program's own error text */
#define STATUS_REPLY_MAX 448 /* enhanced code and text */

/* What is said when a program exits 0 without having read everything. */
#define STATUS_INCOMPLETE                                                      \
	"4.3.0 mail queue program did not take the whole message"

/* Exit codes our queue programs use. */
enum {
	QUEUE_OK = 0,
	QUEUE_ADDRESS_TOO_LONG = 11,
	QUEUE_REFUSED = 31,
	QUEUE_NO_MEMORY = 51,
	QUEUE_TIMEOUT = 52,
	QUEUE_WRITE_FAILED = 53, /* disk full, I/O error */
	QUEUE_READ_FAILED = 54,	 /* message or envelope cannot be read */
	QUEUE_NO_CONFIG = 55,
	QUEUE_NO_DIRECTORY = 61,
	QUEUE_DEFERRED = 71,
	QUEUE_NO_TIME = 72,   /* a mail server takes too long */
	QUEUE_NO_SERVER = 73, /* none can be reached */
	QUEUE_NO_ANSWER = 74,
	QUEUE_CUSTOM = 82, /* text on ERROR_FD, D or Z first */
	QUEUE_BAD_ENVELOPE = 91,
	QUEUE_NO_PROGRAM = 120
};

enum status_class { STATUS_ACCEPTED, STATUS_REFUSED, STATUS_TEMPORARY };

struct status {
	enum status_class class;      /* 250, 554, 451 */
	char reply[STATUS_REPLY_MAX]; /* "5.1.3 text", NUL-terminated */
};

/*
 * wait_status is waitpid's; custom is what the program wrote on ERROR_FD
 * (used for exits 82 and 88 only). A signal is temporary.
 */
void status_from_wait(
	struct status *status, int wait_status, struct slice custom);

/*
 * What a program has said of a refusal, the first line of its words, as a
 * reply: a reply code in front is dropped, an enhanced code of the class of
 * the fallback's taken. fallback: the code and text where there is none.
 */
void status_words(struct status *status, enum status_class class,
	struct slice words, const char *fallback);

/* The same where a number in front is no reply code, but a word of the text. */
void status_text(struct status *status, enum status_class class,
	struct slice text, const char *fallback);

/* Is it a reply code that refuses: 4xx or 5xx? */
bool status_is_code(struct slice word);

#endif
