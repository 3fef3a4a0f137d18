/*
 * outcome - what an AUTH exchange comes to: counted, logged, and told to the
 * session, by the clock where failures have earned a delay. Run by the keeper.
 */
#ifndef KEEPER_OUTCOME_H
#define KEEPER_OUTCOME_H

#include "auth/word.h"

struct keeper;

/* Those which return a number: 0, or -1 for an attack (keeper.h). */

/* The authenticator's challenge, or its verdict. */
int outcome_challenge(struct keeper *k, const struct word *word);
int outcome_verdict(struct keeper *k, const struct word *word);

/* held_until has come. */
int outcome_release(struct keeper *k);

/* In place of a verdict. Before an exchange: it may not begin, */
int outcome_refuse(struct keeper *k, unsigned verdict, const char *reason);
/* and in the middle: we could not, detail ("" for none) is for the log; */
int outcome_temporary(struct keeper *k, const char *detail);
/* too many of the address's have failed, or are about to; */
int outcome_turn_down(struct keeper *k);
/* the client has sent what is none; */
void outcome_malformed(struct keeper *k);
/* the client wants no verdict, or is gone: a guess is lost if one was made. */
void outcome_gone(struct keeper *k);

/* No authenticator, no guess: without a word to anybody. */
void outcome_stop(struct keeper *k);

#endif
