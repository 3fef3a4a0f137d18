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
	bool has_child;	  /* told to go it takes a program with it */
	bool isolated;	  /* its uid is another than ours */
	int64_t deadline; /* clock_ms(); CLOCK_NEVER while the client's turn */
};

void authenticator_init(struct authenticator *a);

/*
 * Forks the keeper's, for the mechanism that was asked for, and tells it what
 * we know of connection and host. 0, or -1 with errno.
 */
int authenticator_start(struct keeper *k);

/* Feeds one response (data NULL: none). */
void authenticator_step(struct authenticator *a, struct slice response);

/* Its answer, when a->fd is readable: 0 or -1 as word_hear(). */
int authenticator_read(struct authenticator *a, struct word *word);

/* It died in the client's turn: the next step will find out. */
void authenticator_lost(struct authenticator *a);

/* Reaps it after its last word, which its exit follows. */
void authenticator_finish(struct authenticator *a);

/* Ends it, by force if it is still there, and reaps it. */
void authenticator_stop(struct authenticator *a);

#endif
