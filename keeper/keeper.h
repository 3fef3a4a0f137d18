/*
 * keeper - decides, holds what is secret, parses nothing from the network.
 *
 * open.c is what main does for it before the fork, turn_away.c how main ends
 * where there is to be no session. keeper.c has the loop and the table of what
 * the session may ask; tls.c, outside.c, login.c, offer.c and message.c have
 * one answer_x() a request, or hear_x() where the session wants no answer. That
 * returns 0, or -1 when the request was of a wrong form: an attack, and the
 * connection ends.
 */
#ifndef KEEPER_KEEPER_H
#define KEEPER_KEEPER_H

#include "control/config.h"
#include "keeper/channel.h"
#include "keeper/end.h"
#include "keeper/late.h"
#include "keeper/login.h"
#include "keeper/message.h"
#include "keeper/open.h"
#include "keeper/policy_ask.h"
#include "keeper/rcpt.h"
#include "keeper/statedir.h"
#include "keeper/tls.h"
#include "lib/jail.h"
#include "lib/log.h"

#define KEEPER_LOG_MAX 200     /* log lines of one connection */
#define KEEPER_TRACE_MAX 20000 /* trace lines of one connection */
#define KEEPER_LATE_MS 10000   /* for the session to end first */

/* The session as the keeper has it before it. */
struct keeper_channel {
	int fd;				    /* -1: closed */
	pid_t session;			    /* -1: waited for */
	uint64_t heard;			    /* packets */
	unsigned char times[CHANNEL_TYPES]; /* that it asked */
	unsigned char pending; /* request whose answer is still to come */
	int64_t start;	       /* of the connection */
	int64_t since;	       /* of the state that the session is in */
	int64_t answered;      /* the last answer that the session waited for */
	unsigned log_lines, trace_lines; /* written for it */
};

struct keeper {
	const struct config *config;
	struct log log;
	struct jail jail; /* the authenticator's */
	struct backend backend;

	struct keeper_channel channel;
	struct end end;
	int64_t now; /* of this turn */

	struct late late;
	struct keeper_tls tls;
	struct keeper_login login;
	/*
	 * Up to the first octets of packet this is one page (memory.ld), which
	 * every connection writes to; so what is large comes behind it.
	 */
	struct mail mail;
	struct channel_message packet; /* the request, then the answer */
	/* Of login: a response that waits, or the challenge of an answer held
	 * back; and sendercheck's, users_senders() as it came with the verdict.
	 */
	char kept[EXCHANGE_RESPONSE_MAX];
	char senders[USERS_RECORD_MAX];

	struct statedir statedir;
	struct rcpt rcpt;
	struct policy_ask policy;
	unsigned char client_chain[CHANNEL_BODY_MAX]; /* lib/chain.h */
};

/*
 * Serves the session until both are done. Returns the program's exit code:
 * 0, or 111 after an attack.
 */
int keeper_run(struct keeper *k);

/* For the answers. */
void keeper_log(struct keeper *k, struct log_line *line);
void keeper_log_config(struct keeper *k, const char *file, const char *reason);
/* "connect" or "connect refused"; why, and more exactly, or NULL. */
void keeper_log_connect(struct keeper *k, const char *event, const char *reason,
	const char *detail);
/* "tls ok"; a value may be absent. */
void keeper_log_tls(struct keeper *k, struct slice version, struct slice cipher,
	struct slice sni);
/* -1: the session does not hear, which is its end. */
int keeper_answer(struct keeper *k, unsigned verdict);
/* With a descriptor, which stays ours, too; or -1. */
int keeper_answer_with(struct keeper *k, unsigned verdict, int fd);
bool keeper_relays(const struct keeper *k); /* logged in, or RELAYCLIENT */

#endif
