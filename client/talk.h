/*
 * talk - an SMTP client's connection: lines out, whole replies in, clear or
 * TLS, each wait with a deadline. One failure ends it.
 */
#ifndef CLIENT_TALK_H
#define CLIENT_TALK_H

#include "client/secure.h"

#define TALK_SECONDS 70	      /* for a reply: GREETDELAY may take 60 */
#define TALK_CONNECT_MS 10000 /* for each address */

struct talk {
	int fd;
	struct secure *tls; /* NULL: clear */
	char input[8192];
	size_t start, end;
	const char *fault; /* what went wrong; NULL: nothing */
	bool same_host;	   /* both ends have one address */
	bool loopback;	   /* which is 127.x.x.x or ::1 */
};

struct talk_reply {
	unsigned code;
	char text[8192]; /* without codes; lines with LF between */
};

/*
 * Connects to the first address of host (name or address) that answers.
 * Returns 0, or -1 with fault.
 */
int talk_open(struct talk *t, const char *host, const char *port);

/*
 * As a balancer does, first of all: a PROXY header, version 2, that names our
 * own end as the client. 0, or -1 with fault.
 */
int talk_introduce(struct talk *t);

/* Has the other side closed it, with nothing left to read? */
bool talk_ended(const struct talk *t);

/* Is there something to read within so many milliseconds? */
bool talk_wait(const struct talk *t, int milliseconds);

/* The handshake; name is sent as SNI. 0, or -1 with fault. */
int talk_secure(struct talk *t, const char *name);

/* Reads a reply. 0, or -1 with fault. */
int talk_reply(struct talk *t, struct talk_reply *reply);

/* Sends a line (CR LF is added), reads the reply. 0, or -1 with fault. */
int talk_ask(struct talk *t, struct talk_reply *reply, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void talk_close(struct talk *t);

#endif
