/*
 * hitters - the names that occur most, however many there are: a table of a
 * fixed size. When it is full the lightest quarter makes room. A name that was
 * dropped and comes again begins anew, so that each row says how much of it
 * may be missing: of a name that is in the table, never more than all weight
 * divided by three quarters of the rows.
 */
#ifndef REPORT_HITTERS_H
#define REPORT_HITTERS_H

#include "lib/bytes.h"

#define HITTERS_KEY 244

struct hitter {
	uint64_t weight;
	uint64_t missed; /* at most so much weight before */
	uint32_t hash;
	uint16_t len;
	char key[HITTERS_KEY]; /* longer ones are cut */
};

/* A row is a struct that begins with a struct hitter; the rest is zeros. */
struct hitters {
	size_t row_size, cap, count;
	char *rows;
	uint32_t *slots; /* number of the row and one; 0: free */
	size_t mask;
	uint64_t missed;
};

/* cap: a power of two. Returns 0, or -1 when there is no memory. */
int hitters_init(struct hitters *h, size_t row_size, size_t cap);

/* The row of a name, made when there is none, with more weight. */
void *hitters_add(struct hitters *h, struct slice key, uint64_t weight);

/* The row of a name, or NULL. */
void *hitters_find(const struct hitters *h, struct slice key);

void *hitters_row(const struct hitters *h, size_t number);

struct slice hitters_key(const void *row);

/*
 * The rows with the largest values, those of 0 left out; equal ones by their
 * names. Returns how many.
 */
size_t hitters_top(const struct hitters *h, uint64_t (*value)(const void *row),
	const void **rows, size_t most);

/* value: the weight */
uint64_t hitters_weight(const void *row);

/* A number that nobody can foretell stands for a text. */
uint32_t hitters_hash(struct slice text);

#endif
