/*
 * guess - a try at a password. A client makes one when a response that can
 * hold a password, or a proof of it, is handed to the authenticator; the
 * verdict ends it. Who goes away before the verdict is counted as if the guess
 * had been wrong.
 */
#ifndef KEEPER_GUESS_H
#define KEEPER_GUESS_H

#include "auth/word.h"
#include "keeper/failures.h"

#define GUESS_WAIT_MS 10000 /* for others' verdicts; then for our own */
#define GUESS_RETRY_MS 50

enum guess_state {
	GUESS_NONE,  /* no response yet that can hold a password or a proof */
	GUESS_WAITS, /* it is kept until others have their verdict */
	GUESS_MADE,  /* the authenticator has the response */
	GUESS_RIGHT  /* the challenge tells that it was right: SCRAM's v= */
};

struct keeper;

struct guess {
	enum guess_state state;
	unsigned responses; /* of this exchange */
	int64_t since;	    /* in its state */
	int64_t retry_at;   /* GUESS_WAITS: guess_retry(); else CLOCK_NEVER */
	/* The login that the authenticator named before its verdict. */
	size_t user_len;
	char user[USERS_LOGIN_MAX];
};

/* A new exchange. */
void guess_start(struct keeper *k);

/*
 * May this response (data NULL: there is none) go to the authenticator?
 * FAILURES_FULL: it waits until guess_retry(), called at retry_at, answers
 * FAILURES_PASSES. FAILURES_REFUSES: never.
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
