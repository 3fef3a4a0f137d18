/*
 * answer - what a QMQP server says: one netstring whose first octet is K
 * (taken), Z (not now) or D (never), then text. Octets go in, nothing is
 * read or allocated. Run by queue-qmqp. Source: cr.yp.to/proto/qmqp.html.
 */
#ifndef QUEUE_ANSWER_H
#define QUEUE_ANSWER_H

#include "lib/bytes.h"

#define ANSWER_MAX 1000	     /* octets of it that are kept */
#define ANSWER_LONGEST 99999 /* octets in the netstring; more is nonsense */

enum answer_part {
	ANSWER_LENGTH,
	ANSWER_TEXT,
	ANSWER_COMMA,
	ANSWER_WHOLE,
	ANSWER_NONSENSE
};

struct answer {
	enum answer_part part; /* what comes next */
	size_t want, come;     /* octets of text, and those that were here */
	size_t len;	       /* of them that are kept, the first ones */
	char text[ANSWER_MAX];
};

enum answer_meaning {
	ANSWER_NONE,	  /* nothing, or no answer */
	ANSWER_TAKEN,	  /* K */
	ANSWER_NOT_NOW,	  /* Z */
	ANSWER_NEVER,	  /* D */
	ANSWER_TOO_LARGE, /* D about the message's size */
	ANSWER_DENIED	  /* D: not the message, but we are not wanted */
};

/*
 * The next octets; a struct of zeros is one that has had none. What follows
 * the whole netstring is ignored.
 */
void answer_feed(struct answer *answer, struct slice octets);

/* Is it whole, or nonsense? Then no octet changes anything. */
bool answer_ended(const struct answer *answer);

/* Of a whole one, or of one that was cut behind its first octet. */
enum answer_meaning answer_meaning(const struct answer *answer);

/* As far as it is kept, the first octet among it; never absent. */
struct slice answer_text(const struct answer *answer);

#endif
