/*
 * authenticator - the keeper's half of a process for one AUTH exchange, whose
 * inside is auth/authenticator.h: start, step, read, finish or stop.
 */
#ifndef KEEPER_AUTHENTICATOR_H
#define KEEPER_AUTHENTICATOR_H

#include <sys/types.h>

#include "auth/word.h"

#define AUTHENTICATOR_PARTING_MS 1000 /* for it to end its program */
#define AUTHENTICATOR_EXIT_MS 1000    /* from its last word to its exit */

struct keeper;

struct authenticator {
	pid_t pid;	  /* -1: there is no authenticator */
	int fd;		  /* -1 though there is a pid: it has died */
	bool has_child;	  /* of the kind that starts a program, and ends it */
	bool isolated;	  /* its uid is not the keeper's */
	int64_t deadline; /* of its answer; CLOCK_NEVER: the client's turn */
};

void authenticator_init(struct authenticator *a);

/*
 * Forks an authenticator for the mechanism that the client asked for; that
 * knows what the keeper knows of connection and host. 0, or -1 with errno.
 */
int authenticator_start(struct keeper *k);

/* Sends it one response (data NULL: there is none). */
void authenticator_step(struct authenticator *a, struct slice response);

/* Reads its answer, once a->fd is readable: 0 or -1 as word_hear(). */
int authenticator_read(struct authenticator *a, struct word *word);

/*
 * The authenticator has died while the client was to send a response. Only the
 * socket is closed: the answer to that response tells the client.
 */
void authenticator_lost(struct authenticator *a);

/* After the authenticator's last word: waits for its exit, and reaps it. */
void authenticator_finish(struct authenticator *a);

/* Ends it, kills it if it has not ended, and reaps it. */
void authenticator_stop(struct authenticator *a);

#endif
