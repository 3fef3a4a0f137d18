/*
 * header - the automaton over the header of a message, as it goes to the
 * queue program: which Message-ID it has, where it ends, and what is put in
 * there. No I/O, no allocation; any split of the input gives the same.
 *
 * It ends before the first line that is neither a field (a name, blanks where
 * somebody put them, a colon: RFC 5322 §2.2 and §4.5.8) nor the continuation
 * of one. There, where the client is one whose messages are completed (RFC
 * 6409 §8), stand a Date and a Message-ID that are missing, and behind them an
 * empty line unless the message has it. A message with a DKIM-Signature is
 * left as it is: the missing field may be signed. Whoever the client is, a
 * first line that begins with a blank gets an empty line before it: it would
 * continue our Received line.
 */
#ifndef SESSION_HEADER_H
#define SESSION_HEADER_H

#include "keeper/channel.h"
#include "lib/bytes.h"

#define HEADER_LINE_MAX 998  /* octets up to the colon, RFC 5322 §2.1.1 */
#define HEADER_NAME_MAX 16   /* octets of a name that is compared */
#define HEADER_ADDED_MAX 400 /* octets of what is put in */
#define HEADER_HOST_MAX 255  /* octets of our name */

/* What a message is completed with. */
struct header_origin {
	struct slice id, host; /* Message-ID: <id@host> */
	int64_t now;	       /* Date: */
};

struct header {
	bool completes;
	unsigned state;
	unsigned field;		    /* that the line belongs to */
	unsigned seen;		    /* fields, a bit each */
	bool begun;		    /* there was a field */
	char first;		    /* octet of the line */
	char name[HEADER_NAME_MAX]; /* in lower case; cut */
	size_t name_len;
	size_t line_len;  /* octets of a line up to its colon */
	unsigned capture; /* of the Message-ID */
	char message_id[CHANNEL_MSGID_MAX];
	size_t message_id_len;
	int64_t now;
	char id[CHANNEL_ID_MAX], host[HEADER_HOST_MAX];
	size_t id_len, host_len;
	char added[HEADER_ADDED_MAX];
	size_t added_len;
	/* The start of a line that may be a field, not yet passed on. */
	char held[HEADER_LINE_MAX];
	size_t held_len;
};

/* origin: what to complete the message with, NULL: not at all. Is copied. */
void header_start(struct header *h, const struct header_origin *origin);

/*
 * What is to be written next, as text (line ends LF) comes in: takes what it
 * has looked at off the front of *text. False when nothing is left of it. out
 * is a part of text or of h, and good until the next text comes in, but what
 * header_will_change() names only until the next call.
 */
bool header_next(struct header *h, struct slice *text, struct slice *out);

bool header_will_change(const struct header *h, struct slice out);

/* The message is over: header_next() has the rest, of an empty text. */
void header_end(struct header *h);

/* Without brackets, an added one too, cut; empty when there is none. */
struct slice header_message_id(const struct header *h);

#endif
