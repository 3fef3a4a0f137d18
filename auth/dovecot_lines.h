/*
 * dovecot_lines - the lines of Dovecot's auth protocol, client's side, version
 * 1.1 and later; no I/O.
 * Source: Dovecot's design document "auth-protocol".
 *
 * A line is a command and its parameters with tabs between. What is not known
 * is passed over, as the protocol wants it.
 */
#ifndef AUTH_DOVECOT_LINES_H
#define AUTH_DOVECOT_LINES_H

#include "auth/authenticator.h"
#include "auth/word.h"

#define DOVECOT_LINE_MAX 16384 /* octets without the LF, as Dovecot has it */

/* The number of the one exchange that we have on a connection. */
#define DOVECOT_ID 1

struct dovecot_handshake {
	bool version, done;
	struct buffer offered; /* the caller's: names, blanks between */
};

/*
 * Can the mechanism be relayed? Not ANONYMOUS, which is nobody's login, not
 * EXTERNAL and -PLUS, for which Dovecot would have to see our TLS.
 */
bool dovecot_is_relayed(struct slice name);

/* One line before DONE. 0, or -1: it is no server that we understand. */
int dovecot_hear_handshake(struct dovecot_handshake *h, struct slice line);

/* VERSION and CPID. */
void dovecot_say_hello(struct buffer *out, uint64_t pid);

/* AUTH. response: data NULL when the client sent none. */
void dovecot_say_auth(struct buffer *out, const char *mechanism,
	const struct authenticator_peer *peer, struct slice response);

/* CONT */
void dovecot_say_response(struct buffer *out, struct slice response);

/*
 * One line after AUTH or CONT. Returns 1 when word is the answer to it: a
 * challenge, or a verdict with the login in it; 0 when the line is no answer.
 */
int dovecot_hear_answer(
	struct word *word, struct slice line, struct slice authdomain);

#endif
