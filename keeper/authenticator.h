/*
 * authenticator - the keeper's half of a process for one AUTH exchange, whose
 * inside is auth/authenticator.h: start, step, read, finish or stop.
 */
#ifndef KEEPER_AUTHENTICATOR_H
#define KEEPER_AUTHENTICATOR_H

#include <sys/types.h>

#include "auth/authenticator.h"
#include "auth/word.h"

#define AUTHENTICATOR_PARTING_MS 1000 /* to end a program that it started */
#define AUTHENTICATOR_EXIT_MS 1000    /* from its last word to its exit */

struct keeper;

struct authenticator {
	pid_t pid;	  /* -1: none */
	int fd;		  /* -1 while there is a pid: it died */
	bool has_child;	  /* it may have started a program, and ends that */
	bool isolated;	  /* its uid is another than ours */
	int64_t deadline; /* clock_ms(); CLOCK_NEVER while the client's turn */
};

void authenticator_init(struct authenticator *a);

/*
 * Forks an authenticator for the mechanism that the client asked for; it
 * knows what the keeper knows of connection and host. 0, or -1 with errno.
 */
int authenticator_start(struct keeper *k);

/* Sends it one response (data NULL: there is none). */
void authenticator_step(struct authenticator *a, struct slice response);

/* Reads its answer, once a->fd is readable: 0 or -1 as word_hear(). */
int authenticator_read(struct authenticator *a, struct word *word);

/*
 * It died while the client had its turn. Only the socket is closed: the next
 * step finds out, and the client is told then.
 */
void authenticator_lost(struct authenticator *a);

/* After its last word: waits for its exit, which comes at once, and reaps. */
void authenticator_finish(struct authenticator *a);

/* Ends it, kills it if it has not ended, and reaps it. */
void authenticator_stop(struct authenticator *a);

#endif
