/*
 * refusal - what a sendmail program's end means, told to whoever asked us to
 * queue: exit code, text for the client, lines for the log; and a QMQP server's
 * words. Run by queue-sendmail and queue-qmqp. Source: sysexits.h,
 * qmail-queue(8).
 */
#ifndef QUEUE_REFUSAL_H
#define QUEUE_REFUSAL_H

#include "lib/bytes.h"

/*
 * The descriptor for the client's text: $ERROR_FD; without it 6 if that is a
 * pipe. -1: there is none. What we start will not have it. Call it before a
 * file is opened.
 */
int refusal_descriptor(void);

/*
 * Refuses for good: text goes to the log, and with the enhanced code to fd.
 * Returns the exit code: QUEUE_CUSTOM, or QUEUE_REFUSED without fd.
 */
int refusal_give(int fd, const char *text, const char *code);

/*
 * Passes a text on that begins with D or Z. Returns the exit code:
 * QUEUE_CUSTOM, or without fd QUEUE_REFUSED or QUEUE_DEFERRED.
 */
int refusal_pass(int fd, struct slice text);

/*
 * sendmail has ended: wait_status is waitpid's, words is what it wrote on
 * its descriptor 2. All of it goes to the log. Its first line, or the server's
 * reply in it, goes to the client, but only when the message is refused: the
 * rest is the host's own trouble. Returns the exit code.
 */
int refusal_from_wait(
	int fd, const char *sendmail, int wait_status, struct slice words);

#endif
