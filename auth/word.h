/*
 * word - what is said between an authenticator and whoever has started it: a
 * response of the client's one way, a word about it back, each one packet.
 * Run by the keeper and by the authenticator. Neither trusts a length that
 * the other has sent.
 */
#ifndef AUTH_WORD_H
#define AUTH_WORD_H

#include <stddef.h>

#include "sasl/mechanism.h"

#define WORD_REASON_MAX 16
#define WORD_DETAIL_MAX 100
#define WORD_BODY_MAX EXCHANGE_RESPONSE_MAX /* octets */

/* Results beside those of a mechanism's step. */
enum word_result {
	WORD_JAIL = 100,  /* reason: the step of the jail that failed */
	WORD_NOT_OFFERED, /* by Dovecot */
	WORD_NAMED,	  /* no answer yet: whose login it is about, told
			     before anything that takes time */
	WORD_OFFER	  /* what Dovecot offers, where that was asked */
};

/* A packet ends with the octets of body that are used. */
struct word {
	uint32_t result; /* enum exchange_result or word_result */
	uint32_t set_up; /* 1: detail is about what the admin has set up */
	uint32_t login_len;
	uint32_t body_len;
	uint32_t proven; /* 1: the challenge tells that the proof was right */
	char login[USERS_LOGIN_MAX + 1];
	char label[USERS_LABEL_MAX + 1];
	char reason[WORD_REASON_MAX + 1]; /* of the log */
	char detail[WORD_DETAIL_MAX + 1]; /* of a failure of ours */
	/*
	 * The result says what it is: of EXCHANGE_CHALLENGE the challenge, of
	 * EXCHANGE_COLLECTED what mechanism_hand_over() has made, of
	 * EXCHANGE_OK the login's users_senders() (empty where they are not
	 * wanted), of WORD_OFFER names with blanks between; else empty.
	 */
	char body[WORD_BODY_MAX];
};

/* ----------------------------------------- in who has started it --- */

/*
 * One response (data NULL: none). 0; 1 when nobody is there, whose last word
 * may still be to read; -1 when it is there and cannot be told.
 */
int word_ask(int fd, struct slice response);

/*
 * The answer, when fd is readable. 0, or -1 when the authenticator died or
 * answered nonsense (a temporary failure). Text is NUL-terminated and lengths
 * are within bounds.
 */
int word_hear(int fd, struct word *word);

/* ------------------------------------------------ in the authenticator --- */

/* A response as it comes, a flag before it. */
struct word_response {
	size_t len;
	char packet[1 + EXCHANGE_RESPONSE_MAX];
};

/*
 * The next response (data NULL: the client sent none), which points into r.
 * Returns 0, or -1 when the keeper has cancelled or is gone.
 */
int word_await(int fd, struct word_response *r, struct slice *text);

/* Wipes the response. */
void word_wipe(struct word_response *r);

/* Answers. 0, or -1 when the other end is gone. */
int word_say(int fd, const struct word *word);

/* Tells whose login it is, before an answer that will take time. */
void word_name(int fd, struct slice login);

/* Copies a text into a member of struct word, and cuts what does not fit. */
void word_put(char *to, size_t cap, const char *from);

/*
 * A failure of ours, 454. detail: what went wrong, for the log; set_up: it
 * is the admin's to mend.
 */
void word_temporary(struct word *word, const char *detail, bool set_up);

#endif
