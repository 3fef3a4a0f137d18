/*
 * login - what the keeper knows of AUTH: the exchange that is under way, and
 * who has logged in. login.c answers the session, guess.c counts tries at a
 * password, outcome.c logs and tells what came of it, offer.c says which
 * mechanisms there are. Run by the keeper.
 */
#ifndef KEEPER_LOGIN_H
#define KEEPER_LOGIN_H

#include "control/authmechs.h"
#include "keeper/authenticator.h"
#include "keeper/guess.h"

#define KEEPER_FAILURES_MAX 3 /* 535s of one connection */

enum login_state {
	LOGIN_NONE,	/* nobody is logged in, no authenticator is there */
	LOGIN_OFFER,	/* an authenticator asks Dovecot what it offers */
	LOGIN_EXCHANGE, /* an authenticator is there, until its verdict */
	LOGIN_DONE	/* somebody is logged in, to the connection's end */
};

struct keeper_login {
	enum login_state state;
	struct authenticator authenticator;
	/* The one last asked for; NULL: none was, or there is none such. */
	const struct authmech *mechanism;
	bool hidden; /* its name may be no mechanism's, and is not logged */
	struct guess guess;
	unsigned failures;  /* 535s of this connection */
	int64_t asked;	    /* clock_ms() of the session's last request */
	int64_t held_until; /* ... whose answer is held back; or CLOCK_NEVER */
	unsigned held;	    /* the verdict of that answer; kept is its body */
	int64_t taken;	    /* milliseconds that the client waited for us */
	char user[USERS_LOGIN_MAX + 1]; /* LOGIN_DONE: who */
	struct authmech foreign; /* not built in; perhaps Dovecot knows it */
	char foreign_name[AUTHMECHS_NAME_MAX + 1];
	size_t kept_len;    /* of keeper.kept */
	size_t senders_len; /* of keeper.senders */
};

struct keeper;

/* Each is 0, or -1: an attack (keeper.h). */
int answer_auth(struct keeper *k);
int answer_auth_step(struct keeper *k);
int hear_auth_cancel(struct keeper *k);

/* For the loop, before it begins. */
void login_init(struct keeper *k);
/* For the loop: the descriptor (or -1) and the moment that it waits for. */
int login_fd(const struct keeper *k);
int64_t login_next(const struct keeper *k);
/* For the loop, when one of them has come. 0, or -1 for an attack. */
int login_advance(struct keeper *k, bool readable);
/* The connection ends: no verdict is wanted any more. */
void login_abandon(struct keeper *k);

/* Is an authenticator at work, or waiting for the client? */
bool login_at_work(const struct keeper *k);

/* Until when there must be a login. CLOCK_NEVER: none is needed (any more). */
int64_t login_deadline(const struct keeper *k);

/* Who is logged in; NULL: nobody. */
const char *login_user(const struct keeper *k);

/* The mechanism of that login, and the addresses that it may send as. */
const char *login_mechanism(const struct keeper *k);
struct slice login_senders(const struct keeper *k);

#endif
