/*
 * authenticator - a process for one AUTH exchange.
 *
 * Forked by the keeper, jailed, and gone with its verdict, so that the memory
 * in which a password lay goes too. It is the only reader of secrets. Its end
 * of the socket pair is held by nobody else, least of all by the session.
 *
 * There are three kinds of it with this one interface; the keeper need not
 * know which it has.
 */
#ifndef AUTH_AUTHENTICATOR_H
#define AUTH_AUTHENTICATOR_H

#include "sasl/mechanism.h"
#include "lib/jail.h"

#define AUTHENTICATOR_TIMEOUT_MS 60000 /* one step; then it is killed */
#define AUTHENTICATOR_REASON_MAX 16
#define AUTHENTICATOR_DETAIL_MAX 100
#define AUTHENTICATOR_CHALLENGE_MAX EXCHANGE_RESPONSE_MAX /* octets */
#define AUTHENTICATOR_OFFER_MAX 512   /* octets of names, blanks between */
#define AUTHENTICATOR_PARTING_MS 1000 /* to end a program that it started */

enum authenticator_kind {
	AUTHENTICATOR_USERS,	     /* authusers.cdb, jailed */
	AUTHENTICATOR_CHECKPASSWORD, /* a program: checkpassword.c */
	AUTHENTICATOR_COLLECTOR,     /* its jailed half: parses, checks not */
	AUTHENTICATOR_DOVECOT /* Dovecot's auth socket: dovecot.c, jailed */
};

/* What Dovecot is told about the connection. */
struct authenticator_peer {
	struct slice remote_ip, remote_port, local_ip, local_port;
	bool secured; /* TLS */
};

struct authenticator {
	pid_t pid; /* -1: none */
	int fd;
	bool has_child;	  /* told to go it takes a program with it */
	bool isolated;	  /* its uid is another than ours */
	int64_t deadline; /* clock_ms(); CLOCK_NEVER while the client's turn */
};

struct authenticator_setup {
	enum authenticator_kind kind;
	const char *name; /* of the mechanism; NULL: Dovecot's offer */
	int users_fd;	  /* authusers.cdb */
	struct slice authdomain;
	char *const *program; /* checkpassword and its arguments */
	/* Dovecot */
	const char *socket;
	struct slice wanted; /* the admin's choice, or absent */
	struct authenticator_peer peer;
	const struct mechanism_facts *facts;
	struct jail jail;
	bool senders; /* report them with a success */
};

/* What came of a step. It is sent without what challenge does not use. */
struct verdict_packet {
	uint32_t result; /* enum exchange_result, or VERDICT_PACKET_... */
	uint32_t set_up; /* 1: detail is about what the admin has set up */
	uint32_t login_len;
	uint32_t challenge_len;
	uint32_t senders; /* 1: a success, and challenge is users_senders() */
	uint32_t proven;  /* 1: the challenge tells that the proof was right */
	char login[USERS_LOGIN_MAX + 1];
	char label[USERS_LABEL_MAX + 1];
	char reason[AUTHENTICATOR_REASON_MAX + 1]; /* log word */
	char detail[AUTHENTICATOR_DETAIL_MAX + 1]; /* of a failure of ours */
	char challenge[AUTHENTICATOR_CHALLENGE_MAX];
};

#define VERDICT_PACKET_JAIL 100	       /* reason: the step that failed */
#define VERDICT_PACKET_NOT_OFFERED 101 /* by Dovecot */
/* No answer: whose login it is about, told before anything that takes time. */
#define VERDICT_PACKET_NAMED 102

void authenticator_init(struct authenticator *a);

/* Forks. 0, or -1 with errno. */
int authenticator_start(
	struct authenticator *a, const struct authenticator_setup *setup);

/* Feeds one response (data NULL: none). 0, or -1 when it is gone. */
int authenticator_step(
	struct authenticator *a, struct slice response, int64_t now);

/*
 * Its answer, when a->fd is readable. 0, or -1 when it died or answered
 * nonsense (a temporary failure). Text in the packet is NUL-terminated and
 * lengths are within bounds.
 */
int authenticator_read(struct authenticator *a, struct verdict_packet *packet);

/* Reaps it after its last word, which its exit follows. */
void authenticator_finish(struct authenticator *a, int64_t now);

/* Ends it, by force if it is still there, and reaps it. */
void authenticator_stop(struct authenticator *a);

#endif
