/* hitters - see hitters.h. */
#include "report/hitters.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

/* Random, so that nobody can pick names that all fall into one place. */
static uint64_t
seed(void)
{
	static uint64_t number;

	while (number == 0)
		if (getrandom(&number, sizeof number, 0) == -1)
			number = MULTIPLIER; /* no kernel of today */
	return number;
}

uint32_t
hitters_hash(struct slice text)
{
	uint64_t h = seed() ^ text.len;
	size_t i = 0;

	for (; i + 8 <= text.len; i += 8) {
		uint64_t part;

		memcpy(&part, text.data + i, 8);
		h = (h ^ part) * MULTIPLIER;
		h ^= h >> 32;
	}
	for (; i < text.len; i++)
		h = (h ^ (unsigned char)text.data[i]) * MULTIPLIER;
	h ^= h >> 29;
	h *= MULTIPLIER;
	return (uint32_t)(h >> 32);
}

int
hitters_init(struct hitters *h, size_t row_size, size_t cap)
{
	*h = (struct hitters){
		.row_size = row_size, .cap = cap, .mask = 2 * cap - 1};
	h->rows = calloc(cap, row_size);
	h->slots = calloc(2 * cap, sizeof *h->slots);
	return h->rows == NULL || h->slots == NULL ? -1 : 0;
}

void *
hitters_row(const struct hitters *h, size_t number)
{
	return h->rows + number * h->row_size;
}

struct slice
hitters_key(const void *row)
{
	const struct hitter *hitter = row;

	return (struct slice){hitter->key, hitter->len};
}

uint64_t
hitters_weight(const void *row)
{
	return ((const struct hitter *)row)->weight;
}

/* Where the name stands, or would stand. */
static uint32_t *
find_slot(const struct hitters *h, struct slice key, uint32_t hash)
{
	size_t at = hash & h->mask;

	for (; h->slots[at] != 0; at = (at + 1) & h->mask) {
		const struct hitter *row = hitters_row(h, h->slots[at] - 1);

		if (row->hash == hash && slice_equal(hitters_key(row), key))
			break;
	}
	return &h->slots[at];
}

static int
compare_weights(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* What a row weighs at most. */
static uint64_t
bound(const struct hitter *row)
{
	return row->weight + row->missed;
}

/* The bound that a quarter of the rows do not exceed. */
static uint64_t
light_bound(const struct hitters *h)
{
	uint64_t *bounds = malloc(h->count * sizeof *bounds);

	if (bounds == NULL)
		return UINT64_MAX; /* all go */
	for (size_t i = 0; i < h->count; i++)
		bounds[i] = bound(hitters_row(h, i));
	qsort(bounds, h->count, sizeof *bounds, compare_weights);
	uint64_t light = bounds[(h->count - 1) / 4];

	free(bounds);
	return light;
}

/*
 * Whoever comes new begins at the bound of those that went, and so can outgrow
 * what was heavy long ago (Metwally, Agrawal, El Abbadi: "space saving").
 */
static void
drop_light(struct hitters *h)
{
	uint64_t most = light_bound(h);
	size_t kept = 0;

	memset(h->slots, 0, (h->mask + 1) * sizeof *h->slots);
	for (size_t i = 0; i < h->count; i++) {
		struct hitter *row = hitters_row(h, i);

		if (bound(row) <= most) {
			if (bound(row) > h->missed)
				h->missed = bound(row);
			continue;
		}
		if (i != kept)
			memcpy(hitters_row(h, kept), row, h->row_size);
		row = hitters_row(h, kept++);
		*find_slot(h, hitters_key(row), row->hash) = (uint32_t)kept;
	}
	memset(hitters_row(h, kept), 0, (h->count - kept) * h->row_size);
	h->count = kept;
}

void *
hitters_find(const struct hitters *h, struct slice key)
{
	if (key.len > HITTERS_KEY)
		key.len = HITTERS_KEY;
	uint32_t *slot = find_slot(h, key, hitters_hash(key));

	return *slot == 0 ? NULL : hitters_row(h, *slot - 1);
}

void *
hitters_add(struct hitters *h, struct slice key, uint64_t weight)
{
	if (key.len > HITTERS_KEY)
		key.len = HITTERS_KEY;
	uint32_t hash = hitters_hash(key);
	uint32_t *slot = find_slot(h, key, hash);

	if (*slot == 0 && h->count == h->cap) {
		drop_light(h);
		slot = find_slot(h, key, hash);
	}
	if (*slot == 0) {
		struct hitter *made = hitters_row(h, h->count);

		*slot = (uint32_t)++h->count;
		made->missed = h->missed;
		made->hash = hash;
		made->len = (uint16_t)key.len;
		memcpy(made->key, key.data, key.len);
	}
	struct hitter *row = hitters_row(h, *slot - 1);

	row->weight += weight;
	return row;
}

static bool
stands_before(uint64_t value, const void *row, uint64_t other_value,
	const void *other)
{
	if (value != other_value)
		return value > other_value;
	struct slice a = hitters_key(row), b = hitters_key(other);
	size_t len = a.len < b.len ? a.len : b.len;
	int order = memcmp(a.data, b.data, len);

	return order != 0 ? order < 0 : a.len < b.len;
}

size_t
hitters_top(const struct hitters *h, uint64_t (*value)(const void *row),
	const void **rows, size_t most)
{
	size_t found = 0;

	for (size_t i = 0; i < h->count; i++) {
		const void *row = hitters_row(h, i);
		uint64_t mine = value(row);
		size_t at = found;

		if (mine == 0)
			continue;
		while (at > 0 && stands_before(mine, row, value(rows[at - 1]),
					 rows[at - 1])) {
			if (at < most)
				rows[at] = rows[at - 1];
			at--;
		}
		if (at < most)
			rows[at] = row;
		if (found < most)
			found++;
	}
	return found;
}
