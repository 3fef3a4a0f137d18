/*
 * message - the message that the client is sending. message.c has MAIL, RCPT,
 * and all that the keeper is asked and told of a message; body.c and pipe.c
 * have its octets.
 */
#ifndef SESSION_MESSAGE_H
#define SESSION_MESSAGE_H

#include "keeper/channel.h"
#include "lib/bytes.h"
#include "session/address.h"
#include "session/data.h"
#include "session/reply.h"

/* Octets of paths that may stay untold: one more fits into a request. */
#define MESSAGE_UNTOLD_MAX (CHANNEL_BODY_MAX - ADDRESS_MAX - 2)

enum message_state {
	MESSAGE_NONE,
	MESSAGE_SENDER, /* MAIL was accepted; the keeper knows nothing of it */
	MESSAGE_TOLD,	/* the keeper knows the sender, perhaps recipients */
	MESSAGE_OPEN,	/* there is a message pipe: DATA, or the first BDAT */
	MESSAGE_BROKEN, /* the queue program stopped reading */
	MESSAGE_REFUSED /* a chunk was refused: so are all until a reset */
};

struct message {
	enum message_state state;
	bool smtputf8;
	enum body body;
	unsigned recipients;
	size_t envelope_len; /* octets: the keeper's envelope has no more */
	size_t untold_len;   /* of session.untold */
	int pipe;	     /* to the queue program, or -1 */
	uint64_t written;    /* octets put into the pipe */
	int64_t start;	     /* of DATA, or of the first chunk */
	uint64_t octets;     /* read since start */
	struct data data;
};

struct session;

enum reply command_mail(struct session *s, struct slice argument);
enum reply command_rcpt(struct session *s, struct slice argument);
/* Asks for a message pipe. REPLY_NONE, or why there is none. */
enum reply message_open(struct session *s);
/* The message is whole. Answers what the queue program says of it. */
enum reply message_commit(struct session *s);
/* Forgets the message, here and in the keeper. */
void message_forget(struct session *s, enum channel_abort why);

/* body.c: until when the next octet of an open message must come. */
int64_t body_deadline(const struct session *s);
enum reply command_data(struct session *s, struct slice argument);
enum reply command_bdat(struct session *s, struct slice argument);

/* pipe.c. Those that return a number: 0, or -1 when the stream failed. */
void pipe_start(struct session *s); /* message_open() has got a pipe */
int pipe_write(struct session *s, size_t len); /* octets of s->out */
int pipe_end(struct session *s);	       /* the message is over */

#endif
