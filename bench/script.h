/*
 * script - what a client of the load generator says, step by step. A step is
 * sent in one piece once every reply of the step before has come.
 */
#ifndef BENCH_SCRIPT_H
#define BENCH_SCRIPT_H

#include "client/scram_client.h"

#define SCRIPT_STEPS 32
#define SCRIPT_LINE 64 /* octets of a line of the body, CR LF included */

struct speaker;

struct step {
	struct slice text;  /* sent first */
	uint64_t body;	    /* then so many octets of lines */
	struct slice after; /* then this */
	const char *expect; /* first digits of the replies, in order */
	bool starts_tls;    /* behind the last reply */
	/* Makes the text instead, from the last reply. 0, or -1: refused. */
	int (*make)(struct speaker *s, struct buffer *out);
};

struct script {
	const char *user, *password;
	uint64_t octets; /* of a big message */
	uint64_t users;	 /* > 0: logins user0000001@ ... at random */
	bool starttls;	 /* TLS behind a first EHLO */
	bool believe;	 /* the server's SCRAM signature is not checked */
	struct step steps[SCRIPT_STEPS];
	size_t len;
	struct scram_salted salted; /* kept between sessions */
};

/* What one client keeps beside the script. */
struct speaker {
	struct script *script;
	struct slice reply; /* the last line, without its line end */
	uint64_t random;
	struct scram_client scram;
};

/* The steps of a scenario. Returns 0, or -1 for an unknown name. */
int script_make(struct script *s, const char *scenario);

/* scram.c: the three turns of SCRAM-SHA-256, RFC 5802. */
int scram_first(struct speaker *s, struct buffer *out);
int scram_final(struct speaker *s, struct buffer *out);
int scram_end(struct speaker *s, struct buffer *out);

#endif
