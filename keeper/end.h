/*
 * end - how a connection ends: the session says so or the keeper, the session
 * exits or is killed, and the log gets its line.
 */
#ifndef KEEPER_END_H
#define KEEPER_END_H

#include <stdbool.h>
#include <stdint.h>

#include "keeper/channel.h"

#define KEEPER_GRACE_MS 5000 /* from the session's last word to its exit */

/* What ends a connection without a word of the session's. */
enum keeper_end {
	KEEPER_END_ATTACK = END_CODES,
	KEEPER_END_OVERDUE,
	KEEPER_ENDS
};

struct keeper;

struct end {
	bool over;     /* the session said it ends, or is gone */
	bool stopped;  /* the session was told that the service stops */
	int64_t since; /* clock_ms() of over, else of stopped */
	int term;      /* readable at SIGTERM; -1: SIGTERM has come */
	unsigned why;  /* enum channel_end or keeper_end; 0: none said */
};

/* TELL_END, the session's last word: 0, or -1 for an attack. */
int hear_end(struct keeper *k);

/* What has ended the connection, for the log. */
const char *end_word(const struct keeper *k);

/* Tells the session that the service stops; it gets no answer any more. */
void end_stop(struct keeper *k);

/* Waits for the session's exit, 0: not at all; then kills the session. */
void end_reap(struct keeper *k, int64_t grace_ms);

void end_log(struct keeper *k);

#endif
