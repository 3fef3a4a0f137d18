/*
 * letter - what a QMQP client says: a netstring that holds the message, the
 * sender and each recipient as a netstring. A length stands before what it
 * is of, so nothing goes out before all is there: the message waits in a file,
 * and behind it the envelope as it will be sent. Two pieces are not in the
 * file: the head, and the last comma. Run by queue-qmqp. Source:
 * cr.yp.to/proto/qmqp.html.
 */
#ifndef QUEUE_LETTER_H
#define QUEUE_LETTER_H

#include "lib/buffer.h"

#define LETTER_HEAD 64 /* octets that are enough for it */

struct letter {
	int fd;
	uint64_t message, len; /* octets of the message; of the file */
	struct buffer pending; /* of the envelope, until it is written */
	char room[16384];      /* for more than the longest address */
};

/*
 * fd has the message, and belongs to the caller. These two return 0, or -1
 * with errno.
 */
int letter_begin(struct letter *letter, int fd);
int letter_end(struct letter *letter);

/* An intake_address whose context is the struct. */
int letter_take(void *context, char type, struct slice address);

/* Adds what goes before the file: the length of all, that of the message. */
void letter_head(const struct letter *letter, struct buffer *out);

#endif
