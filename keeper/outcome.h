/*
 * outcome - the result of an AUTH exchange: counted, logged, and told to the
 * session, later where failures have earned a delay. Run by the keeper.
 */
#ifndef KEEPER_OUTCOME_H
#define KEEPER_OUTCOME_H

#include "auth/word.h"

struct keeper;

/* Those that return a number: 0, or -1 for an attack (keeper.h). */

/* The authenticator's challenge, or its verdict. */
int outcome_challenge(struct keeper *k, const struct word *word);
int outcome_verdict(struct keeper *k, const struct word *word);

/* Sends the answer that was held back: held_until has come. */
int outcome_release(struct keeper *k);

/* The exchange may not begin. */
int outcome_refuse(struct keeper *k, unsigned verdict, const char *reason);
/* We could not tell: 454. detail, "" for none, is for the log. */
int outcome_temporary(struct keeper *k, const char *detail);
/* Too many logins of the client's address have failed, or may yet fail. */
int outcome_turn_down(struct keeper *k);
/* The client's response is malformed. */
void outcome_malformed(struct keeper *k);
/* The client has cancelled or is gone: a guess that was made was wrong. */
void outcome_gone(struct keeper *k);

/* Ends the exchange: no answer, no line, nothing is counted. */
void outcome_stop(struct keeper *k);

#endif
