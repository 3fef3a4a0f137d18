/* cdbwrite - see cdbwrite.h. Used by smtpd-passwd. */
#include "passwd/cdbwrite.h"

#include <cdb.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cdbread.h"
#include "lib/output.h"

#define TABLES 256
#define HEAD (TABLES * 8)
#define OUT_LEN 65536
#define BLOCK_ENTRIES 511 /* and the link: 4096 octets */
#define NO_BLOCK UINT32_MAX

/* One record as it stands in its hash table; at 0: a free slot. */
struct entry {
	uint32_t hash, at;
};

/* Entries of one table; the ones before are block number link of the spill. */
struct block {
	uint32_t link, count;
	struct entry entries[BLOCK_ENTRIES];
};

struct table {
	uint32_t records;    /* all, those in blocks that were spilt too */
	struct block *block; /* NULL: nothing is in it yet */
};

struct cdbwrite {
	int fd, spill;
	uint64_t at; /* length of the file with what is in out */
	uint32_t blocks;
	size_t out_len;
	char out[OUT_LEN];
	struct table tables[TABLES];
};

struct cdbwrite *
cdbwrite_start(int fd, int spill)
{
	struct cdbwrite *w = calloc(1, sizeof *w);

	if (w == NULL)
		return NULL;
	w->fd = fd;
	w->spill = spill;
	w->at = HEAD;
	if (lseek(fd, HEAD, SEEK_SET) == HEAD)
		return w;
	cdbwrite_end(w);
	return NULL;
}

void
cdbwrite_end(struct cdbwrite *w)
{
	if (w == NULL)
		return;
	for (size_t i = 0; i < TABLES; i++)
		free(w->tables[i].block);
	explicit_bzero(w->out, sizeof w->out);
	free(w);
}

static int
read_at(int fd, void *out, size_t len, uint64_t at)
{
	char *next = out;

	while (len > 0) {
		ssize_t n = pread(fd, next, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		next += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

static int
flush(struct cdbwrite *w)
{
	size_t len = w->out_len;

	w->out_len = 0;
	return output_all(w->fd, (struct slice){(const char *)w->out, len});
}

static int
put(struct cdbwrite *w, const void *data, size_t len)
{
	if (w->at + len > UINT32_MAX) {
		errno = EFBIG;
		return -1;
	}
	w->at += len;
	if (len > OUT_LEN - w->out_len && flush(w) != 0)
		return -1;
	if (len > OUT_LEN)
		return output_all(w->fd, (struct slice){data, len});
	memcpy(w->out + w->out_len, data, len);
	w->out_len += len;
	return 0;
}

static int
put_two(struct cdbwrite *w, uint32_t a, uint32_t b)
{
	unsigned char octets[8];

	cdb_pack(a, octets);
	cdb_pack(b, octets + 4);
	return put(w, octets, sizeof octets);
}

/* A table has one when its first record comes. */
static struct block *
first_block(void)
{
	struct block *block = malloc(sizeof *block);

	if (block != NULL) {
		block->link = NO_BLOCK;
		block->count = 0;
	}
	return block;
}

/* A full block leaves the memory; the next one links to it. */
static int
spill(struct cdbwrite *w, struct block *block)
{
	if (output_all(w->spill,
		    (struct slice){(const char *)block, sizeof *block}) != 0)
		return -1;
	block->link = w->blocks++;
	block->count = 0;
	return 0;
}

enum cdbwrite_result
cdbwrite_add(struct cdbwrite *w, struct slice key, struct slice data)
{
	struct entry entry = {
		cdb_hash(key.data, (unsigned)key.len), (uint32_t)w->at};
	struct table *table = &w->tables[entry.hash % TABLES];

	if (table->block == NULL)
		table->block = first_block();
	if (table->block == NULL || (table->block->count == BLOCK_ENTRIES &&
					    spill(w, table->block) != 0))
		return CDBWRITE_FAILED;
	if (put_two(w, (uint32_t)key.len, (uint32_t)data.len) != 0 ||
		put(w, key.data, key.len) != 0 ||
		put(w, data.data, data.len) != 0)
		return CDBWRITE_FAILED;
	table->block->entries[table->block->count++] = entry;
	table->records++;
	return CDBWRITE_OK;
}

/* ---------------------------------------------------------- the tables --- */

/* Do two records with the same hash have the same key? */
static enum cdbwrite_result
compare_keys(const struct cdbwrite *w, uint32_t a, uint32_t b)
{
	unsigned char head_a[8], head_b[8];
	char key_a[CDBREAD_KEY_MAX], key_b[CDBREAD_KEY_MAX];
	unsigned len;

	if (read_at(w->fd, head_a, sizeof head_a, a) != 0 ||
		read_at(w->fd, head_b, sizeof head_b, b) != 0)
		return CDBWRITE_FAILED;
	len = cdb_unpack(head_a);
	if (len != cdb_unpack(head_b) || len > sizeof key_a)
		return CDBWRITE_OK;
	if (read_at(w->fd, key_a, len, a + sizeof head_a) != 0 ||
		read_at(w->fd, key_b, len, b + sizeof head_b) != 0)
		return CDBWRITE_FAILED;
	return memcmp(key_a, key_b, len) == 0 ? CDBWRITE_TWICE : CDBWRITE_OK;
}

/* The same key would lie on the way to a free slot. */
static enum cdbwrite_result
place(const struct cdbwrite *w, struct entry *slots, uint32_t count,
	struct entry entry)
{
	uint32_t i = (entry.hash >> 8) % count;
	enum cdbwrite_result result = CDBWRITE_OK;

	for (; slots[i].at != 0 && result == CDBWRITE_OK; i = (i + 1) % count)
		if (slots[i].hash == entry.hash)
			result = compare_keys(w, slots[i].at, entry.at);
	if (result == CDBWRITE_OK)
		slots[i] = entry;
	return result;
}

/* All blocks of a table, from the one in memory back to its first. */
static enum cdbwrite_result
fill_slots(const struct cdbwrite *w, struct block *block, struct entry *slots,
	uint32_t count)
{
	for (;;) {
		for (uint32_t i = 0; i < block->count; i++) {
			enum cdbwrite_result result =
				place(w, slots, count, block->entries[i]);

			if (result != CDBWRITE_OK)
				return result;
		}
		if (block->link == NO_BLOCK)
			return CDBWRITE_OK;
		if (read_at(w->spill, block, sizeof *block,
			    (uint64_t)block->link * sizeof *block) != 0)
			return CDBWRITE_FAILED;
	}
}

static enum cdbwrite_result
put_table(struct cdbwrite *w, struct table *table, struct entry *slots)
{
	uint32_t count = 2 * table->records;
	enum cdbwrite_result result;

	memset(slots, 0, count * sizeof *slots);
	result = fill_slots(w, table->block, slots, count);
	for (uint32_t i = 0; i < count && result == CDBWRITE_OK; i++)
		if (put_two(w, slots[i].hash, slots[i].at) != 0)
			result = CDBWRITE_FAILED;
	return result;
}

static enum cdbwrite_result
put_tables(struct cdbwrite *w, struct entry *slots, unsigned char *head)
{
	for (size_t i = 0; i < TABLES; i++) {
		struct table *table = &w->tables[i];
		enum cdbwrite_result result;

		cdb_pack((uint32_t)w->at, head + 8 * i);
		cdb_pack(2 * table->records, head + 8 * i + 4);
		if (table->records == 0)
			continue;
		result = put_table(w, table, slots);
		if (result != CDBWRITE_OK)
			return result;
	}
	if (flush(w) != 0 || lseek(w->fd, 0, SEEK_SET) != 0 ||
		output_all(w->fd, (struct slice){(const char *)head, HEAD}) !=
			0)
		return CDBWRITE_FAILED;
	return CDBWRITE_OK;
}

enum cdbwrite_result
cdbwrite_finish(struct cdbwrite *w)
{
	unsigned char head[HEAD];
	enum cdbwrite_result result;
	struct entry *slots;
	uint32_t most = 1;

	for (size_t i = 0; i < TABLES; i++)
		if (w->tables[i].records > most)
			most = w->tables[i].records;
	/* Records are compared in the file. */
	if (flush(w) != 0)
		return CDBWRITE_FAILED;
	slots = calloc(most, 2 * sizeof *slots);
	if (slots == NULL)
		return CDBWRITE_FAILED;
	result = put_tables(w, slots, head);
	free(slots);
	return result;
}
