/*
 * transfer - one letter to one QMQP server. The server has the message once
 * it has the last comma, and not before: until then any trouble harms nobody,
 * and afterwards only the server's answer says what became of it. Run by
 * queue-qmqp.
 */
#ifndef QUEUE_TRANSFER_H
#define QUEUE_TRANSFER_H

#include "queue/answer.h"
#include "queue/letter.h"

#define TRANSFER_STALL_MS 30000 /* as long as a server may take nothing */
#define TRANSFER_REST_MS 5000	/* for an answer to end that has begun */

enum transfer_end {
	/* Without the comma; nothing is queued. */
	TRANSFER_FAILED,  /* see reason */
	TRANSFER_EARLY,	  /* it has answered all the same */
	TRANSFER_STOPPED, /* by a signal */
	TRANSFER_TIMEOUT, /* deadline */
	TRANSFER_BROKEN,  /* the file cannot be read: errno */
	/* The comma is on its way. */
	TRANSFER_COMMITTED
};

struct transfer {
	int fd;		    /* a socket that does not block */
	int stop;	    /* readable when to stop; until the comma */
	int64_t deadline;   /* clock_ms(), for everything */
	const char *reason; /* why it failed, or there is no whole answer */
	struct answer answer;
};

/* fd, stop and deadline must be set, all else zero. */
enum transfer_end transfer_run(
	struct transfer *transfer, const struct letter *letter);

#endif
