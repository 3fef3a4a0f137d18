/*
 * places - how many connections of an address there are, and how many of its
 * guesses wait for their verdict.
 *
 * Each address has numbered places. A process takes a place with a lock of an
 * open file (an OFD lock) that no other process holds open: when the process
 * ends, however that comes about, the place is free, and nothing has to be
 * counted down. The files are empty, 256 in a directory. The keyed hash of the
 * address says which file and where in it, so the files name no address.
 */
#ifndef KEEPER_PLACES_H
#define KEEPER_PLACES_H

#include <sys/types.h>

#include "keeper/table.h"

#define PLACES_MAX 65535 /* of one kind and address */

enum places_kind { PLACES_CONNECTION, PLACES_GUESS };

struct places {
	bool open; /* false: no place is held */
	int fd;
	off_t first;
};

/*
 * Opens the file of name's places, and makes it where it is missing. The hash
 * is made with the key of that table. 0, or -1 with a reason.
 */
int places_open(struct places *p, const struct table *key,
	enum places_kind kind, struct slice name, const char *directory,
	const char **reason);

/* Gives back the place that is held, if one is; nothing need be open. */
void places_close(struct places *p);

/* Takes the first free one of so many. 1; 0: none is free; -1 with errno. */
int places_take(struct places *p, uint64_t many);

/* How many of the first so many are held by others; -1 with errno. */
int places_held(const struct places *p, unsigned many);

#endif
