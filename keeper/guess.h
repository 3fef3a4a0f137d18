/*
 * guess - what an exchange may have told of a password, from the moment that
 * a response which can hold one is handed to the authenticator. Without a
 * verdict it was wrong: a client that goes away first has lost its guess.
 */
#ifndef KEEPER_GUESS_H
#define KEEPER_GUESS_H

#include "auth/word.h"
#include "keeper/failures.h"

#define GUESS_WAIT_MS 10000 /* for the verdicts of others; for a backend */
#define GUESS_RETRY_MS 50

enum guess_state {
	GUESS_NONE,  /* no such response yet */
	GUESS_WAITS, /* it came, and is kept until others have their verdict */
	GUESS_MADE,  /* it was handed over */
	GUESS_RIGHT  /* the client was told so, and has still to say yes */
};

struct keeper;

struct guess {
	enum guess_state state;
	unsigned responses; /* of this exchange */
	int64_t since;	    /* in its state */
	int64_t retry_at;   /* GUESS_WAITS: once more then; or CLOCK_NEVER */
	/* Whose login, as the authenticator has said before its verdict. */
	size_t user_len;
	char user[USERS_LOGIN_MAX];
};

/* A new exchange. */
void guess_start(struct keeper *k);

/*
 * A response is about to be handed over (data NULL: none). FAILURES_FULL: not
 * before guess_retry() says so, at its retry_at; FAILURES_REFUSES: not at all.
 */
enum failures_word guess_response(struct keeper *k, struct slice response);
enum failures_word guess_retry(struct keeper *k);

/* Its login: known before the verdict, or out of it. */
void guess_name(struct keeper *k, const struct word *word);
struct slice guess_user(const struct keeper *k, const struct word *word);

/* Milliseconds by which a right one is held back. The client will know. */
int64_t guess_right(struct keeper *k, struct slice user);

/* There is a verdict, or there will be none: its place is free. */
void guess_end(struct keeper *k);

/*
 * The client has gone, or does not want a verdict: counts it as a failure.
 * Returns the word of the log, and NULL where no guess was made.
 */
const char *guess_gone(struct keeper *k);

#endif
