/*
 * message - what the keeper knows of the message that the session is sending.
 * message.c answers the session, paths.c and rcpt.c decide who may be in the
 * envelope, envelope.c has its octets. Run by the keeper.
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
	MAIL_LOST,   /* there was no memory for one of them: no ASK_OPEN */
	MAIL_OPEN,   /* the queue program was started */
	MAIL_GONE,   /* the queue program has ended before the commit */
	MAIL_WHOLE,  /* committed: the queue program has the envelope */
	MAIL_BROKEN, /* committed, but not whole: it may not be accepted */
	MAIL_REFUSED /* committed, but the policy daemon has refused it */
};

struct mail {
	enum mail_state state;
	unsigned opened;     /* messages of this connection: a part of the id */
	unsigned unfinished; /* ... since one was queued */
	unsigned queued;
	struct envelope envelope;
	size_t recipients;
	unsigned step;	    /* of rcpt.c: which comes next for the recipient */
	const char *reason; /* of its refusal, for the log; NULL: logged */
	struct queue queue;
	int refusal; /* MAIL_REFUSED: the verdict */
	pid_t qp;
	char id[CHANNEL_ID_MAX];
	char helo[CHANNEL_HELO_MAX]; /* the session's claim */
	size_t helo_len;
	bool esmtp; /* the session's claim: EHLO, not HELO */
	uint64_t octets;
	char msgid[CHANNEL_MSGID_MAX]; /* the session's claim */
	size_t msgid_len;
};

struct keeper;

int answer_paths(struct keeper *k);
int answer_open(struct keeper *k);
int answer_commit(struct keeper *k);
int answer_abort(struct keeper *k);
int mail_finished(struct keeper *k); /* the queue program is gone */
void mail_lost(struct keeper *k);    /* the session has ended meanwhile */

/* The n-th of this connection, and no other connection's: TIME.PID.N */
void mail_make_id(
	const struct keeper *k, unsigned number, char id[CHANNEL_ID_MAX]);

/* Has the user file been replaced or changed since the login? */
bool mail_login_is_old(const struct keeper *k);

/*
 * paths.c: puts paths, as they stand in ASK_PATHS, into the envelope. Returns
 * -1 when the session may not say this; VERDICT_OK; or where asked is true, the
 * verdict on the last of them, or VERDICT_LATER.
 */
int mail_take_paths(struct keeper *k, struct slice paths, bool asked);

#endif
