/*
 * intake - read message and envelope as a qmail-queue does.
 *
 * The message comes first, on descriptor 0 to its end; then the envelope on
 * descriptor 1: F sender NUL, T recipient NUL for each recipient, NUL. Only
 * that last NUL makes it complete: whoever gives up closes the pipe before.
 * What follows it is ignored. Nothing allocates; memory stays the same for
 * any number of recipients, because each goes to a function as it comes.
 * Run by our qmail-queue programs. Source: qmail-queue(8).
 */
#ifndef QUEUE_INTAKE_H
#define QUEUE_INTAKE_H

#include "lib/bytes.h"

#define INTAKE_MESSAGE 0 /* descriptors */
#define INTAKE_ENVELOPE 1

#define INTAKE_ADDRESS_MAX 1003		 /* octets; qmail-queue's limit */
#define INTAKE_ENVELOPE_MAX (256U << 20) /* octets of the whole envelope */
#define INTAKE_SECONDS 86400		 /* then the client is given up */

/*
 * Takes one address of the envelope: type 'F' once, then 'T's. Returns 0, or
 * an exit code of status.h, and then nothing more is read.
 */
typedef int intake_address(void *context, char type, struct slice address);

enum intake_part {
	INTAKE_WANT_F,
	INTAKE_SENDER,
	INTAKE_WANT_FIRST_T, /* a message for nobody is malformed */
	INTAKE_RECIPIENT,
	INTAKE_WANT_T,
	INTAKE_DONE
};

struct intake {
	int stop;	    /* readable when to stop (a signalfd), or -1 */
	int64_t deadline;   /* clock_ms() */
	const char *reason; /* after a failure: words, or NULL for errno */
	intake_address *take;
	void *context; /* first argument of take */
	enum intake_part part;
	size_t octets; /* of the envelope so far */
	size_t len;    /* of the address so far */
	char address[INTAKE_ADDRESS_MAX];
};

/* Ready to read, with INTAKE_SECONDS from now. */
void intake_start(struct intake *in, int stop);

/*
 * Copies from INTAKE_MESSAGE to its end into the file open on to. Returns 0
 * or an exit code: QUEUE_READ_FAILED, QUEUE_WRITE_FAILED, QUEUE_TIMEOUT (also
 * when stopped).
 */
int intake_message(struct intake *in, int to);

/*
 * Reads the envelope from INTAKE_ENVELOPE and gives each address to take.
 * Returns 0 when it was complete, or take's exit code, or QUEUE_READ_FAILED,
 * QUEUE_BAD_ENVELOPE, QUEUE_ADDRESS_TOO_LONG, QUEUE_TIMEOUT.
 */
int intake_envelope(struct intake *in, intake_address *take, void *context);

/*
 * The part of it without I/O: the next octets of an envelope. Returns 0
 * (in->part says whether it is DONE; what follows is ignored) or an exit
 * code. in->take and in->context must be set.
 */
int intake_feed(struct intake *in, struct slice text);

#endif
