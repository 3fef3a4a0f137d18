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
	GUESS_NONE,  /* no response yet that can hold a password or a proof */
	GUESS_WAITS, /* one is kept until other guesses have their verdict */
	GUESS_MADE,  /* the authenticator has it */
	GUESS_RIGHT  /* the challenge tells that it was right: SCRAM's v= */
};

struct keeper;

struct guess {
	enum guess_state state;
	unsigned responses; /* of this exchange */
	int64_t since;	    /* in its state */
	int64_t retry_at;   /* GUESS_WAITS: once more then; or CLOCK_NEVER */
	/* The login that the authenticator named before its verdict. */
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

/* Notes the login that a word of the authenticator's names, if it does. */
void guess_name(struct keeper *k, const struct word *word);
/* The login that the word names; else the one that was noted. */
struct slice guess_user(const struct keeper *k, const struct word *word);

/*
 * The guess was right, and the client is to hear so: milliseconds by which the
 * answer is held back.
 */
int64_t guess_right(struct keeper *k, struct slice user);

/* The guess has its verdict, or will have none: others may have its place. */
void guess_end(struct keeper *k);

/*
 * The client has gone, or does not want a verdict: its guess was a failure.
 * Returns the log's reason: "gone", "backend" where we were too slow, so that
 * nothing is counted, and NULL where no guess was made.
 */
const char *guess_gone(struct keeper *k);

#endif
