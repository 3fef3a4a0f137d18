/*
 * channel - what the session may say to the keeper, and the answers.
 *
 * A SOCK_SEQPACKET pair: one message a packet, a type, a code, a body. The
 * session sends ASK_X and waits for the answer, which has the same type and a
 * verdict as its code; TELL_X has no answer. The keeper's table (keeper.c)
 * says which message may come when, how long it may be and how often; anything
 * else ends the connection. All else that the two share are the settings and
 * the rules in control/.
 */
#ifndef KEEPER_CHANNEL_H
#define KEEPER_CHANNEL_H

#include "lib/bytes.h"

#define CHANNEL_BODY_MAX 16384 /* octets: a certificate chain */
#define CHANNEL_CHAIN_MAX 64   /* certificates in it */
#define CHANNEL_SEED_LEN 32    /* octets of entropy for the TLS engine */
#define CHANNEL_RANDOMS_LEN 64 /* client and server random */
#define CHANNEL_SIGN_MAX 208   /* randoms, curve, a P-521 point */
#define CHANNEL_TEXT_MAX 512   /* a reply of the queue program */
#define CHANNEL_TRACE_MAX 1000 /* octets of a line */
#define CHANNEL_ENVELOPE_MAX (4u << 20) /* octets of a message's paths */
#define CHANNEL_HELO_MAX 255		/* octets kept of HELO */
#define CHANNEL_ID_MAX 48     /* octets of a message's id on the log */
#define CHANNEL_MSGID_MAX 250 /* octets told of its Message-ID */
#define CHANNEL_ADDED_MAX 512 /* octets that the session may add to it */

/* The session's rules, which are the keeper's deadlines, too. */
#define CHANNEL_HANDSHAKE_MS 30000
#define CHANNEL_LOGIN_MS 120000	    /* until logged in, where required */
#define CHANNEL_RATE_FREE_MS 60000  /* a message: without a minimum rate */
#define CHANNEL_RATE_MS_AN_OCTET 10 /* ... then 100 octets a second */
#define CHANNEL_MESSAGE_MS (4 * 3600 * 1000) /* ... and never longer */
#define CHANNEL_IDLE_COMMANDS 100	     /* that lead to no message */

/*
 * Milliseconds of waiting for an answer to AUTH that do not count against the
 * time until a login, on neither side: as long as one may be held back.
 */
#define CHANNEL_HELD_MAX 3000

enum channel_type {
	ASK_TLS = 1,	  /* can we do TLS?  -> seed */
	ASK_CERTIFICATE,  /* SNI -> struct channel_certificate, chain */
	ASK_SIGN,	  /* hash, ServerKeyExchange -> signature */
	TELL_CLIENT,	  /* the client's chain, with proof of its key */
	TELL_TLS,	  /* struct channel_tls, SNI */
	ASK_OUTSIDE,	  /* begin TLS, launcher -> what mechanisms may want */
	ASK_AUTH,	  /* code: channel_initial; MECHANISM NUL response */
	ASK_AUTH_STEP,	  /* response        -> challenge */
	TELL_AUTH_CANCEL, /* code: channel_cancel */
	ASK_OFFER,  /* what does Dovecot offer? -> names, blanks between */
	ASK_PATHS,  /* F sender NUL, T recipient NUL ...: the last is asked,
		       those before it were accepted by policy; H HELO NUL
		       or E EHLO NUL before one that others are asked about */
	ASK_OPEN,   /* struct channel_open, HELO, and paths that were all
		       accepted by policy -> id, message pipe */
	ASK_COMMIT, /* struct channel_commit, Message-ID -> struct
		       channel_queued, text */
	ASK_ABORT,  /* code: channel_abort; Message-ID as far as it came */
	TELL_TRACE, /* code: channel_trace; a line of the conversation */
	TELL_END,   /* code: channel_end; with END_JAIL the step that failed */
	CHANNEL_TYPES
};

/* The keeper's word. */
enum verdict {
	VERDICT_OK = 1,
	VERDICT_TEMPORARY, /* 451, 454: we could not */
	VERDICT_SENDER,	   /* badmailfrom */
	VERDICT_RECIPIENT, /* badrcptto */
	VERDICT_RELAY,	   /* relaying denied */
	VERDICT_NO_DOMAIN, /* recipient without domain */
	VERDICT_TOO_MANY,  /* recipients */
	VERDICT_LIMIT,	   /* recipients today: relaylimits */
	VERDICT_CHALLENGE, /* AUTH goes on */
	VERDICT_AUTH_FAILED,
	VERDICT_AUTH_LAST,   /* failed, and that was the last try */
	VERDICT_AUTH_SYNTAX, /* malformed response */
	VERDICT_AUTH_NO_TLS,
	VERDICT_AUTH_UNKNOWN, /* mechanism not offered */
	VERDICT_AUTH_INITIAL, /* initial response to a server-first mechanism */
	VERDICT_JAIL,	      /* the authenticator's jail failed: 421 */
	VERDICT_USERS,	  /* the user file is another than that of the login */
	VERDICT_REFUSED,  /* the queue program's permanent no */
	VERDICT_UNKNOWN,  /* validrcptto: no such recipient */
	VERDICT_SAID,	  /* no: the reply, with its code, is the body; of
			     ASK_COMMIT it stands behind channel_queued */
	VERDICT_SAID_LAST /* ... and the connection ends with it */
};

enum channel_initial { INITIAL_NONE, INITIAL_RESPONSE, INITIAL_MALFORMED };

/* Why no response comes: the client's "*", or it sent what is none. */
enum channel_cancel { CANCEL_CLIENT, CANCEL_SYNTAX };

enum channel_abort {
	ABORT_RESET = 1, /* RSET, EHLO, a new MAIL */
	ABORT_SIZE,
	ABORT_LOOP,
	ABORT_LINE_ENDS
};

/* Which way a line went: the keeper writes the mark. */
enum channel_trace { TRACE_FROM = 1, TRACE_TO };

/* Words of the log, by code; [0] is for a session that died without one. */
enum channel_end {
	END_QUIT = 1,
	END_CLIENT,
	END_TIMEOUT,
	END_AUTH,
	END_ERRORS,
	END_LINE_ENDS,
	END_JAIL,
	END_USERS,
	END_TERM, /* the keeper has told it to stop */
	END_CODES
};

/* Before the chain, which is 2-octet length, DER, ... */
struct channel_certificate {
	uint8_t key;   /* enum channel_key */
	uint8_t bound; /* tls-server-end-point is defined for it */
};

/* What TLS came to: claims, good for the log alone. */
struct channel_tls {
	uint16_t version; /* 0x0303; 0 when the handshake failed */
	uint16_t suite;
	int32_t error;	  /* BearSSL's, when it failed */
	uint16_t offered; /* when it failed: SSL 2 or 3; 0: something else */
	uint16_t unused;
};

#define CHANNEL_SSL_2 0x0002
#define CHANNEL_SSL_3 0x0300

enum channel_flags {
	OPEN_ESMTP = 1,
	OPEN_SMTPUTF8 = 2,
	OPEN_7BIT = 4,
	OPEN_8BITMIME = 8,
	OPEN_FLAGS = 15
};

struct channel_open {
	uint32_t flags;
	uint32_t helo_len;
};

struct channel_commit {
	uint64_t octets;  /* the client's, RFC 1870: size= and databytes */
	uint64_t written; /* into the pipe, with what was added */
	uint32_t broken;  /* the program stopped reading: never complete it */
};

struct channel_queued {
	int64_t now; /* seconds since 1970 */
	int32_t qp;  /* process id of the queue program */
};

enum channel_key { KEY_NONE, KEY_EC, KEY_RSA };

struct channel_message {
	size_t len;	    /* of body; what follows is the packet */
	unsigned char type; /* enum channel_type */
	unsigned char code;
	unsigned char body[CHANNEL_BODY_MAX];
};

/* ------------------------------------- a packet in memory: packet.c --- */

/* Starts a message. */
void channel_start(
	struct channel_message *m, enum channel_type type, unsigned code);

/* Adds to the body. -1 when it does not fit. */
int channel_add(struct channel_message *m, const void *data, size_t len);

/* Takes len octets off the body at *at. -1 when they are not there. */
int channel_take(
	const struct channel_message *m, size_t *at, void *data, size_t len);

/* The rest of the body from at on. */
struct slice channel_rest(const struct channel_message *m, size_t at);

/* Of the milliseconds that an answer took: how many do not count. */
int64_t channel_held(int64_t took);

/* Milliseconds that a message may take of which so many octets have come. */
int64_t channel_message_ms(uint64_t octets);

/* ---------------------------------------------- the pair: channel.c --- */

/* A socket pair, close-on-exec. 0 or -1 with errno. */
int channel_pair(int fds[2]);

/* The session's: sends m. 0, or -1 when the keeper is gone. */
int channel_send(int channel, const struct channel_message *m);

/* The same of TELL_END. step: of the jail, the one that failed, or 0. */
int channel_say_end(int channel, enum channel_end end, unsigned step);

/*
 * The keeper's: sends m, and fd with it unless -1, without ever waiting. 0,
 * or -1 with errno: EAGAIN when the session does not read its answers.
 */
int channel_answer(int channel, const struct channel_message *m, int fd);

/*
 * The keeper's receive: without a control buffer, so that no descriptor can
 * come. 1, 0 when the session is gone (errno 0) or nothing can be received,
 * -1 for a packet of the wrong form.
 */
int channel_receive(int channel, struct channel_message *m);

/* The session's receive, with the one descriptor that may come (or -1). */
int channel_receive_fd(int channel, struct channel_message *m, int *fd);

/*
 * The session's side: no answer comes any more. Is the keeper gone, or has it
 * only shut its half, because the service is stopping?
 */
bool channel_gone(int channel);

/*
 * The session's side: sends m, receives the answer into m and returns its
 * verdict, or -1 when the keeper is gone or answers nonsense: the session
 * then ends without another word.
 */
int channel_ask(int channel, struct channel_message *m);

/* The second half of channel_ask(), for a request that was sent. */
int channel_await(int channel, struct channel_message *m);

#endif
