/*
 * session - the jailed process that talks with the client.
 *
 * Declared here:
 *   session.c  greeting, a line, its row in the table of commands, limits
 *   command.c  that table, and one short function a verb
 *   login.c    the AUTH dialogue
 *   trace.c    the conversation, for the log
 * With headers of their own, beside what needs no session: message.c (MAIL,
 * RCPT, and what becomes of a message), whose octets body.c takes from the
 * client and pipe.c hands on; tls.c (TLS begins, or outside.c where
 * the launcher begins it), after which records.c is the
 * way of every octet.
 */
#ifndef SESSION_SESSION_H
#define SESSION_SESSION_H

#include "control/authmechs.h"
#include "control/config.h"
#include "keeper/channel.h"
#include "lib/jail.h"
#include "session/client_chain.h"
#include "session/header.h"
#include "session/message.h"
#include "session/records.h"
#include "session/reply.h"
#include "session/stream.h"
#include "session/tls.h"

#define SESSION_PAGE 4096	    /* octets of memory */
#define SESSION_OUT_MAX 65536	    /* octets of a message in one piece */
#define SESSION_LINE_MAX 4096	    /* octets of a command with CR LF */
#define SESSION_AUTH_LINE_MAX 12288 /* octets, RFC 4954 §4 */
#define SESSION_GREETING_MAX 512    /* octets; control/load.c allows 500 */
#define SESSION_REFUSED_MAX 1000    /* recipients of who is logged in */
#define SESSION_ERRORS_MAX 20	    /* refused commands */
#define SESSION_SOON_MS 100	    /* an answer; later the replies go out */

struct session {
	const struct config *config;
	struct slice mechanisms; /* offered in AUTH, blanks between */
	unsigned offer_asks;	 /* times left to ask what Dovecot offers */
	struct session_tls tls;
	int channel;
	int64_t login_deadline; /* CLOCK_NEVER once it does not matter */
	struct jail jail;

	bool esmtp, authenticated;
	unsigned errors, idle_commands;
	unsigned refused;  /* recipients of who is logged in */
	unsigned char end; /* enum channel_end: say it and stop */
	enum reply last;   /* ... with this reply, or REPLY_NONE */
	char helo[CHANNEL_HELO_MAX];
	size_t helo_len;

	struct message mail;
	struct stream stream;

	/* From here on large, and little used by most: docs/performance.md. */
	size_t line_len;
	char line[SESSION_AUTH_LINE_MAX]; /* the command, without its end */
	struct channel_message packet;	  /* the request, then the answer */
	/* Of mail: */
	struct header header;
	/* accepted paths that the keeper was not told: F path NUL, T ... */
	char untold[CHANNEL_BODY_MAX];
	char bulk_input[STREAM_BULK_MAX];
	/* What data.c makes of input. */
	char out[SESSION_OUT_MAX];
	char offer[AUTHMECHS_OFFER_MAX];
	/* Of TLS alone, from a page of its own on. */
	_Alignas(SESSION_PAGE) struct handshake handshake;
	struct records records;
	struct client_chain client; /* where certificates are asked for */
};

/* What main has made ready for it. */
struct session_setup {
	const struct config *config;
	struct slice mechanisms; /* to be offered in AUTH, blanks between */
	unsigned offer_asks;	 /* times to ask what Dovecot offers */
	bool tls_possible;	 /* STARTTLS can be offered */
	bool outside;		 /* ... and the launcher begins TLS */
	bool nonblocking;	 /* the client: reads and writes */
	bool piped;		 /* it is behind a pipe: a TLS helper's */
	int channel;		 /* to the keeper */
	const struct jail *jail; /* but for its calls and descriptors */
};

/*
 * After the fork, in the child: drops what a session is not to have, enters
 * the jail, greets, serves, ends. s: nothing but zeros, untouched till now.
 */
_Noreturn void session_start(
	struct session *s, const struct session_setup *setup);

/* For the other files of the room. */
enum line_result {
	LINE_OK,
	LINE_TOO_LONG, /* read to its end and dropped */
	LINE_BAD_END,  /* bare CR, bare LF or NUL */
	LINE_STOP      /* nothing more comes: s->end is set */
};
enum line_result session_line(struct session *s, bool auth);
/*
 * Wipes the line that session_line() has read: it may be a password, in a
 * command or in place of one.
 */
void session_forget_line(struct session *s);
void session_reply(struct session *s, enum reply reply);
/* A refusal that is not counted among the client's errors. */
void session_reply_forgiven(struct session *s, struct slice text);
void session_reply_text(struct session *s, struct slice text); /* no CR LF */
enum reply session_stop(
	struct session *s, enum channel_end end, enum reply last);
/* The stream failed: which end that is. */
enum reply session_stream_failed(struct session *s);
/*
 * The keeper answers no more: tells the client that the service stops, unless
 * the keeper has died, and ends.
 */
_Noreturn void session_leave(struct session *s);
/* A request to the keeper, and its verdict. */
int session_ask(struct session *s);
/*
 * The same where the answer may take seconds: a client that is gone meanwhile
 * ends the connection. Then it returns -1, and s->end is set.
 */
int session_ask_slowly(struct session *s);
/* The second half of session_ask(), for a request that was sent. */
int session_await(struct session *s);
/* trace.c */
void session_trace(
	struct session *s, enum channel_trace way, struct slice text);
/* In place of what may be a password: "WORD<hidden N bytes>". */
void session_trace_hidden(struct session *s, enum channel_trace way,
	const char *word, size_t len);

struct command {
	const char *verb;
	/* Does it, and returns the reply; NULL: there is only a reply. */
	enum reply (*run)(struct session *s, struct slice argument);
	unsigned when;	  /* what it needs and forbids: command.c */
	unsigned counts;  /* COUNTS: towards CHANNEL_IDLE_COMMANDS, or 0 */
	enum reply reply; /* of a verb that does nothing else */
};
enum { COUNTS = 1 };
extern const struct command commands[]; /* the last has no verb */
/* The reply to a verb that may not come now, or the verb's own. */
enum reply command_run(struct session *s, const struct command *command,
	struct slice argument);

void session_trace_command(struct session *s, const struct command *command,
	struct slice line, struct slice argument);
enum reply command_auth(struct session *s, struct slice argument);
/* For EHLO: asks what Dovecot offers, unless that is known. */
void auth_learn_offer(struct session *s);

#endif
