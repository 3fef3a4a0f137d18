/*
 * message - the message that the client is sending, as far as the session has
 * it, and what the keeper is asked and told of it. message.c: MAIL, RCPT, and
 * all that is said to the keeper. body.c, pipe.c: its octets.
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
	MESSAGE_TOLD,	/* ... it does, and of some recipients perhaps */
	MESSAGE_OPEN,	/* there is a message pipe: DATA, or the first BDAT */
	MESSAGE_BROKEN, /* ... and the queue program stopped reading */
	MESSAGE_REFUSED /* by BDAT: as all chunks are now, until a reset */
};

struct message {
	enum message_state state;
	bool smtputf8;
	enum body body;
	unsigned recipients;
	size_t envelope_len; /* octets: the keeper's has no more */
	size_t untold_len;   /* of session.untold */
	int pipe;	     /* or -1 */
	uint64_t written;    /* octets put into it */
	int64_t start;	     /* of DATA, or of the first chunk */
	uint64_t octets;     /* read since */
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

/* pipe.c: the message opens; what data.c put into s->out; it is over. */
void pipe_start(struct session *s);
int pipe_write(struct session *s, size_t len); /* -1: the stream failed */
int pipe_end(struct session *s);

#endif
