/*
 * places - how many connections of an address there are, and how many of its
 * guesses wait for their verdict.
 *
 * A place is a number of an address, held by a lock of an open file (an OFD
 * lock) that nobody else holds open: whoever dies, however that comes about,
 * has left it, and there is nothing to count down. The files are empty, 256
 * in a directory; the keyed hash of the address says which one and where in
 * it, so that they name nobody.
 */
#ifndef KEEPER_PLACES_H
#define KEEPER_PLACES_H

#include <sys/types.h>

#include "keeper/table.h"

#define PLACES_MAX 65535 /* of one kind and address */

enum places_kind { PLACES_CONNECTION, PLACES_GUESS };

struct places {
	bool open; /* else none is held */
	int fd;
	off_t first;
};

/*
 * key: whose key the hash is made with. 0, or -1 with a reason. The files are
 * made as they are wanted.
 */
int places_open(struct places *p, const struct table *key,
	enum places_kind kind, struct slice name, const char *directory,
	const char **reason);

/* With the place that is held. Also for one that is not open. */
void places_close(struct places *p);

/* Takes the first of so many that is free. 1; 0: none is; -1 with errno. */
int places_take(struct places *p, uint64_t many);

/* How many of the first so many others hold. -1 with errno. */
int places_held(const struct places *p, unsigned many);

#endif
