/*
 * authenticator - a process for one AUTH exchange: its inside. What starts
 * and ends it is keeper/authenticator.h.
 *
 * The keeper forks it. It enters its jail, and exits after its verdict: so the
 * memory in which a password lay is gone, too. No other process reads secrets.
 * Its end of the socket pair is held by nobody else, least of all the session.
 *
 * There are three kinds of authenticator with one interface (auth/word.h); the
 * keeper need not know which it has started.
 */
#ifndef AUTH_AUTHENTICATOR_H
#define AUTH_AUTHENTICATOR_H

#include "lib/jail.h"
#include "sasl/mechanism.h"

#define AUTHENTICATOR_TIMEOUT_MS 60000 /* one step; then it is killed */

enum authenticator_kind {
	AUTHENTICATOR_USERS,	     /* authusers.cdb, jailed */
	AUTHENTICATOR_CHECKPASSWORD, /* a program: checkpassword.c */
	AUTHENTICATOR_COLLECTOR, /* that one's jailed half, which only parses */
	AUTHENTICATOR_DOVECOT	 /* Dovecot's auth socket: dovecot.c, jailed */
};

/* What Dovecot is told about the connection. */
struct authenticator_peer {
	struct slice remote_ip, remote_port, local_ip, local_port;
	bool secured; /* TLS */
};

struct authenticator_setup {
	enum authenticator_kind kind;
	bool offer;	  /* no exchange: what does Dovecot offer? */
	const char *name; /* of the mechanism, where there is an exchange */
	int users_fd;	  /* authusers.cdb */
	struct slice authdomain;
	char *const *program; /* checkpassword and its arguments */
	/* Dovecot */
	const char *socket;
	struct slice wanted; /* the admin's choice, or absent */
	struct authenticator_peer peer;
	const struct mechanism_facts *facts;
	struct jail jail;
	bool senders; /* a success tells users_senders() */
};

/* In the child: fd is the socket to the keeper. */
_Noreturn void authenticator_run(
	int fd, const struct authenticator_setup *setup);

#endif
