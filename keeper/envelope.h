/*
 * envelope - sender and recipients as a qmail-queue program reads them:
 * F sender NUL T recipient NUL ... NUL. Who may be in it is message.c's to
 * say; no more octets than it lets in can be here. Run by the keeper.
 */
#ifndef KEEPER_ENVELOPE_H
#define KEEPER_ENVELOPE_H

#include "lib/bytes.h"

#define ENVELOPE_FIRST 1024 /* octets: most envelopes need no malloc */

/* All zero: empty. The memory is kept for the next message. */
struct envelope {
	char *text; /* first, or allocated when that was too small */
	size_t len, cap;
	char first[ENVELOPE_FIRST];
};

/* May the path stand in one? A control character could end it early. */
bool envelope_may_hold(struct slice path);

/*
 * TYPE path suffix NUL, whole or not at all. 0, or -1 for want of memory.
 * 'F' once, before all others.
 */
int envelope_add(
	struct envelope *e, char type, struct slice path, struct slice suffix);

/* The last NUL: nothing can be added after it. 0 or -1, likewise. */
int envelope_end(struct envelope *e);

void envelope_clear(struct envelope *e);

/* Of one that is not empty. The second is empty where there is none. */
struct slice envelope_sender(const struct envelope *e);
struct slice envelope_recipient(const struct envelope *e);

#endif
