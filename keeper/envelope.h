/*
 * envelope - sender and recipients as a qmail-queue program reads them:
 * F sender NUL T recipient NUL ... NUL. paths.c decides who may be in it, and
 * limits how many octets that can be. Run by the keeper.
 */
#ifndef KEEPER_ENVELOPE_H
#define KEEPER_ENVELOPE_H

#include "lib/bytes.h"

#define ENVELOPE_FIRST 512 /* octets: most envelopes need no malloc */

/* All zero: empty. A later message uses the same memory. */
struct envelope {
	char *text; /* first, or allocated when that was too small */
	size_t len, cap;
	char first[ENVELOPE_FIRST];
};

/*
 * Adds TYPE path suffix NUL, whole or not at all. 'F' is added once, before
 * every 'T'. 0, or -1 for want of memory.
 */
int envelope_add(
	struct envelope *e, char type, struct slice path, struct slice suffix);

/* Adds the last NUL; nothing may be added after it. 0 or -1, likewise. */
int envelope_end(struct envelope *e);

/* Is the recipient in the envelope? */
bool envelope_holds(const struct envelope *e, struct slice recipient);

void envelope_clear(struct envelope *e);

/* Of an envelope with a sender: that, and the first recipient or "". */
struct slice envelope_sender(const struct envelope *e);
struct slice envelope_recipient(const struct envelope *e);

#endif
