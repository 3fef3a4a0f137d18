/*
 * cdbread - see cdbread.h. Run by the authenticator, by session and keeper for
 * morercpthosts.cdb, by the keeper for morevalidrcptto.cdb, and by
 * smtpd-passwd and smtpd-check.
 */
#include "lib/cdbread.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HEADER_LEN 2048u /* 256 tables: position, slots */
#define PAIR_LEN 8u
#define SMALL_RECORD 512u /* octets of key and data */

struct pair {
	uint32_t first, second;
};

/* len octets at position, all of them or -1. */
static int
read_at(int fd, uint64_t position, void *out, size_t len)
{
	char *to = out;

	while (len > 0) {
		ssize_t n = pread(fd, to, len, (off_t)position);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		to += n;
		len -= (size_t)n;
		position += (uint64_t)n;
	}
	return 0;
}

static uint32_t
little_endian(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static int
read_pair(int fd, uint64_t position, struct pair *pair)
{
	unsigned char octets[PAIR_LEN];

	if (read_at(fd, position, octets, sizeof octets) == -1)
		return -1;
	pair->first = little_endian(octets);
	pair->second = little_endian(octets + 4);
	return 0;
}

static uint32_t
hash_of(struct slice key)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < key.len; i++)
		h = (h + (h << 5)) ^ (unsigned char)key.data[i];
	return h;
}

/*
 * Key and data in one read, where they are no longer than most. Never an
 * octet more than the record: what stands behind it is somebody's secret.
 */
static enum cdbread_result
read_small(int fd, uint64_t position, struct slice key, char *out, size_t len)
{
	char octets[SMALL_RECORD];

	if (read_at(fd, position, octets, key.len + len) == -1)
		return CDBREAD_BROKEN;
	if (memcmp(octets, key.data, key.len) != 0)
		return CDBREAD_MISSING;
	memcpy(out, octets + key.len, len);
	explicit_bzero(octets, key.len + len);
	return CDBREAD_FOUND;
}

/* Is the record at position the one for key? FOUND copies its data. */
static enum cdbread_result
compare_record(int fd, uint32_t position, struct slice key, char *out,
	size_t cap, size_t *len)
{
	char stored[CDBREAD_KEY_MAX];
	struct pair lengths;
	uint64_t at = (uint64_t)position + PAIR_LEN;

	if (position < HEADER_LEN || read_pair(fd, position, &lengths) == -1)
		return CDBREAD_BROKEN;
	*len = lengths.second;
	if (lengths.first != key.len)
		return CDBREAD_MISSING;
	if (key.len > 0 && *len <= cap && key.len + *len <= SMALL_RECORD)
		return read_small(fd, at, key, out, *len);
	if (read_at(fd, at, stored, key.len) == -1)
		return CDBREAD_BROKEN;
	if (key.len > 0 && memcmp(stored, key.data, key.len) != 0)
		return CDBREAD_MISSING;
	if (*len > cap)
		return CDBREAD_BROKEN;
	return read_at(fd, at + key.len, out, *len) == 0 ? CDBREAD_FOUND
							 : CDBREAD_BROKEN;
}

enum cdbread_result
cdbread_find(int fd, struct slice key, char *out, size_t cap, size_t *len)
{
	uint32_t hash = hash_of(key);
	struct pair table;

	if (key.len > CDBREAD_KEY_MAX)
		return CDBREAD_MISSING;
	if (read_pair(fd, (hash & 255) * PAIR_LEN, &table) == -1)
		return CDBREAD_BROKEN;
	uint32_t slots = table.second;

	if (slots == 0)
		return CDBREAD_MISSING;
	if (table.first < HEADER_LEN)
		return CDBREAD_BROKEN;
	/* More slots than the file has end in a read that fails. */
	for (uint32_t i = 0, at = (hash >> 8) % slots; i < slots; i++) {
		struct pair slot;

		if (read_pair(fd, table.first + (uint64_t)at * PAIR_LEN,
			    &slot) == -1)
			return CDBREAD_BROKEN;
		if (slot.second == 0)
			return CDBREAD_MISSING;
		if (slot.first == hash) {
			enum cdbread_result result = compare_record(
				fd, slot.second, key, out, cap, len);

			if (result != CDBREAD_MISSING)
				return result;
		}
		at = at + 1 == slots ? 0 : at + 1;
	}
	return CDBREAD_MISSING;
}

/* Where the records end: the tables follow them. 0 where there is none. */
static int
find_end(int fd, uint64_t *end)
{
	char header[HEADER_LEN];
	char octet;

	*end = 0;
	if (pread(fd, &octet, 1, 0) == 0)
		return 0;
	if (read_at(fd, 0, header, sizeof header) == -1)
		return -1;
	for (size_t i = 0; i < HEADER_LEN; i += PAIR_LEN) {
		const unsigned char *table = (const unsigned char *)header + i;
		uint32_t start = little_endian(table);

		if (little_endian(table + 4) > 0 && (*end == 0 || start < *end))
			*end = start;
	}
	return 0;
}

/* So much of the file as is in memory: many small records at one read. */
struct window {
	uint64_t at;
	size_t len;
	char octets[4096];
};

/* len octets at position, or fewer at the file's end; NULL with an errno. */
static const unsigned char *
look_at(struct window *w, int fd, uint64_t position, size_t *len)
{
	if (position < w->at || position + *len > w->at + w->len) {
		ssize_t n =
			pread(fd, w->octets, sizeof w->octets, (off_t)position);

		if (n == -1)
			return NULL;
		w->at = position;
		w->len = (size_t)n;
		if (*len > w->len)
			*len = w->len;
	}
	return (const unsigned char *)w->octets + (position - w->at);
}

int
cdbread_keys(int fd, bool (*wants_more)(void *context, struct slice key),
	void *context, size_t *records)
{
	struct window window = {.len = 0};
	uint64_t at = HEADER_LEN, end;

	*records = 0;
	if (find_end(fd, &end) == -1)
		return -1;
	while (at < end) {
		size_t len = PAIR_LEN + CDBREAD_KEY_MAX;
		const unsigned char *record = look_at(&window, fd, at, &len);

		if (record == NULL || len < PAIR_LEN)
			return -1;
		uint32_t key_len = little_endian(record);
		uint32_t data_len = little_endian(record + 4);

		at += PAIR_LEN + (uint64_t)key_len + data_len;
		len -= PAIR_LEN;
		if (at > end || (key_len > len && len < CDBREAD_KEY_MAX))
			return -1;
		++*records;
		if (!wants_more(context,
			    (struct slice){(const char *)record + PAIR_LEN,
				    key_len < len ? key_len : len}))
			break;
	}
	return 0;
}
