/*
 * message - the message that the session is sending, as far as the keeper has
 * it. message.c answers for it, paths.c and rcpt.c say who may be in its
 * envelope, whose octets are envelope.c's. Run by the keeper.
 */
#ifndef KEEPER_MESSAGE_H
#define KEEPER_MESSAGE_H

#include "keeper/channel.h"
#include "keeper/envelope.h"
#include "queue-handoff/queue.h"

#define KEEPER_PATH_MAX 1024	  /* octets of a sender or recipient */
#define KEEPER_UNFINISHED_MAX 100 /* messages opened since one was queued */

enum mail_state {
	MAIL_NONE,
	MAIL_SENDER, /* a sender was accepted, then recipients */
	MAIL_LOST,   /* ... but there was no memory for one: it can't open */
	MAIL_OPEN,   /* the queue program was started */
	MAIL_GONE,   /* ... and is gone before the commit */
	MAIL_WHOLE,  /* committed: the queue program has the envelope */
	MAIL_BROKEN, /* committed, but not whole: it may not be accepted */
	MAIL_REFUSED /* committed, but the policy daemon has refused it */
};

struct mail {
	enum mail_state state;
	struct envelope envelope;
	size_t recipients;
	unsigned step;	    /* rcpt.c's: the next one of this recipient */
	const char *reason; /* ... for the log; NULL: it is there already */
	struct queue queue;
	int refusal; /* MAIL_REFUSED: the verdict */
	pid_t qp;
	char id[CHANNEL_ID_MAX];
	char helo[CHANNEL_HELO_MAX]; /* the session's claim */
	size_t helo_len;
	bool esmtp; /* ... and so is that it was EHLO */
	uint64_t octets;
	char msgid[CHANNEL_MSGID_MAX]; /* the session's claim */
	size_t msgid_len;
	unsigned opened;     /* messages of this connection: a part of the id */
	unsigned unfinished; /* ... since one was queued */
	unsigned queued;
};

struct keeper;

int answer_paths(struct keeper *k);
int answer_open(struct keeper *k);
int answer_commit(struct keeper *k);
int answer_abort(struct keeper *k);
int mail_finished(struct keeper *k); /* the queue program is gone */
void mail_lost(struct keeper *k);    /* the session went in its midst */

/* Has the user file been replaced or changed since the login? */
bool mail_login_is_old(const struct keeper *k);

/*
 * paths.c: takes paths, as they stand in ASK_PATHS, into the envelope. asked:
 * returns the verdict on the last of them, or VERDICT_LATER; else VERDICT_OK.
 * Returns -1 when the session may not say this.
 */
int mail_take_paths(struct keeper *k, struct slice paths, bool asked);

#endif
