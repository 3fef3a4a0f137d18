/* Unit test of lib/cdbread.c, against files that libcdb writes and reads. */
#include "lib/cdbread.h"

#include <stdio.h>

#include "tests/cdbfile.h"
#include "tests/tap.h"

#define MANY 2000

static char found[8192];
static size_t found_len;

static enum cdbread_result
find(int fd, const char *key)
{
	found_len = 0;
	return cdbread_find(fd, slice_of(key), found, sizeof found, &found_len);
}

static bool
finds(int fd, const char *key, const char *data)
{
	return find(fd, key) == CDBREAD_FOUND && found_len == strlen(data) &&
	       memcmp(found, data, found_len) == 0;
}

static void
key_of(unsigned i, char *out, size_t cap)
{
	snprintf(out, cap, "user%u@example.com", i);
}

static int
make_many(void)
{
	struct cdb_make make;
	char key[64], data[64];
	int fd = cdbfile_start(&make);

	for (unsigned i = 0; i < MANY; i++) {
		key_of(i, key, sizeof key);
		int len = snprintf(data, sizeof data, "data of %u", i * 7);

		cdbfile_must(cdb_make_add(&make, key, (unsigned)strlen(key),
				     data, (unsigned)len) == 0);
	}
	cdbfile_must(cdb_make_finish(&make) == 0);
	return fd;
}

/* Keys that are there and keys that are not, by libcdb and by ours. */
static void
test_many(void)
{
	int fd = make_many();
	unsigned same = 0, there = 0;
	struct cdb cdb;
	char key[64];

	cdbfile_must(cdb_init(&cdb, fd) == 0);
	for (unsigned i = 0; i < 2 * MANY; i++) {
		key_of(i, key, sizeof key);
		int theirs = cdb_find(&cdb, key, (unsigned)strlen(key));
		enum cdbread_result ours = find(fd, key);

		if (theirs > 0 && ours == CDBREAD_FOUND) {
			there++;
			same += found_len == cdb_datalen(&cdb) &&
				memcmp(found, cdb_getdata(&cdb), found_len) ==
					0;
		} else {
			same += theirs == 0 && ours == CDBREAD_MISSING;
		}
	}
	ok(there == MANY, "every key of 2000 is found");
	ok(same == 2 * MANY, "each of 4000 answers is libcdb's");
	cdb_free(&cdb);
	close(fd);
}

static void
test_kinds(void)
{
	char longest[CDBREAD_KEY_MAX + 2];
	struct cdbfile_record records[] = {
		{"twice", "first"},
		{"empty", ""},
		{"twice", "second"},
		{"useraa2", "of the same hash"},
		{"", "the empty key"},
		{longest, "longest"},
		{NULL, NULL},
	};

	memset(longest, 'k', sizeof longest);
	longest[CDBREAD_KEY_MAX] = '\0';
	int fd = cdbfile_make(records);

	ok(finds(fd, "twice", "first"), "the first of two");
	ok(finds(fd, "useraa2", "of the same hash") &&
			find(fd, "useracp") == CDBREAD_MISSING,
		"another key of the same hash and length");
	ok(finds(fd, "empty", ""), "no data is found");
	ok(finds(fd, "", "the empty key"), "the empty key");
	ok(finds(fd, longest, "longest"), "the longest key");
	longest[CDBREAD_KEY_MAX] = 'k';
	longest[CDBREAD_KEY_MAX + 1] = '\0';
	ok(find(fd, longest) == CDBREAD_MISSING, "a longer key is missing");
	ok(find(fd, "Twice") == CDBREAD_MISSING, "case counts");
	ok(find(fd, "twic") == CDBREAD_MISSING, "a part is not the key");
	close(fd);
	ok(find(fd, "twice") == CDBREAD_BROKEN, "a closed descriptor");
	ok(find(-1, "twice") == CDBREAD_BROKEN, "no descriptor");
}

static void
test_room(void)
{
	static const struct cdbfile_record records[] = {
		{"a", "12345678"}, {NULL, NULL}};
	int fd = cdbfile_make(records);
	char room[9];
	size_t len = 0;

	memset(room, '#', sizeof room);
	ok(cdbread_find(fd, slice_of("a"), room, 7, &len) == CDBREAD_BROKEN &&
			room[7] == '#',
		"data longer than the room");
	ok(cdbread_find(fd, slice_of("a"), room, 8, &len) == CDBREAD_FOUND &&
			len == 8 && room[8] == '#',
		"data that just fit");
	close(fd);
}

static void
test_empty(void)
{
	static const struct cdbfile_record none[] = {{NULL, NULL}};
	int fd = cdbfile_make(none);

	ok(find(fd, "a") == CDBREAD_MISSING, "a cdb without records");
	close(fd);
	fd = cdbfile_of("", 0);
	ok(find(fd, "a") == CDBREAD_BROKEN, "an empty file is none");
	close(fd);
}

static size_t
read_whole(int fd, char *out, size_t cap)
{
	ssize_t n = pread(fd, out, cap, 0);

	cdbfile_must(n > 0 && (size_t)n < cap);
	return (size_t)n;
}

static const struct cdbfile_record small[] = {
	{"joe@example.com", "{PLAIN}pencil:::::"},
	{"ann@example.com", "{PLAIN}paper:::::"},
	{"#site", "1 a b c"},
	{NULL, NULL},
};

/* Cut anywhere, a key is found with its data or the file is broken. */
static void
test_cut(void)
{
	static char whole[16384];
	int fd = cdbfile_make(small);
	size_t len = read_whole(fd, whole, sizeof whole);
	unsigned right = 0, broken = 0, tries = 0;

	close(fd);
	for (size_t cut = 0; cut < len; cut++) {
		fd = cdbfile_of(whole, cut);
		for (size_t i = 0; small[i].key != NULL; i++) {
			tries++;
			if (finds(fd, small[i].key, small[i].data))
				right++;
			else if (find(fd, small[i].key) == CDBREAD_BROKEN)
				broken++;
		}
		close(fd);
	}
	ok(right + broken == tries, "cut at every octet: right or broken");
	ok(broken > 2048 * 3, "and broken while the header is cut");
	ok(right > 0, "and right once the key's table is whole");
}

/*
 * Any one octet changed to anything: the right data, or not found, or, where
 * the change was in the data, data of the right length.
 */
static void
test_one_octet(void)
{
	static char whole[16384], copy[16384];
	int fd = cdbfile_make(small);
	size_t len = read_whole(fd, whole, sizeof whole);
	unsigned wrong_len = 0, results[3] = {0};

	for (size_t at = 0; at < len; at++)
		for (int value = 0; value < 256; value += 51) {
			memcpy(copy, whole, len);
			copy[at] = (char)(copy[at] ^ value);
			cdbfile_must(pwrite(fd, copy, len, 0) == (ssize_t)len);
			enum cdbread_result result = find(fd, small[0].key);

			results[result]++;
			if (result == CDBREAD_FOUND && value != 0 &&
				found_len > len)
				wrong_len++;
		}
	close(fd);
	ok(wrong_len == 0, "never more data than the file has");
	ok(results[CDBREAD_FOUND] > 0 && results[CDBREAD_MISSING] > 0 &&
			results[CDBREAD_BROKEN] > 0,
		"one octet changed: all three results occur, no crash");
}

/* xorshift: the same files at every run. */
static uint32_t
next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void
test_noise(void)
{
	static char noise[4096];
	uint32_t state = 2463534242;
	unsigned bounded = 0;

	for (unsigned i = 0; i < 2000; i++) {
		size_t len = next(&state) % sizeof noise;

		/* Small numbers make more of the file look like a cdb. */
		for (size_t k = 0; k < len; k++)
			noise[k] = (char)(k % 4 > 1 ? 0 : next(&state));
		int fd = cdbfile_of(noise, len);
		enum cdbread_result result = find(fd, "joe@example.com");

		bounded += result != CDBREAD_FOUND || found_len <= len;
		close(fd);
	}
	ok(bounded == 2000, "2000 files of noise: no crash, no endless search");
}

static void
put(char *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (char)(value >> 8 * i);
}

/*
 * The table of every key is at (position, slots). Its slots are for hash and
 * say that the record is at 2048, or in the header when hash is the key's.
 */
static enum cdbread_result
find_hash(uint32_t hash, uint32_t position, uint32_t slots, size_t len)
{
	static char file[8192];

	memset(file, 0, sizeof file);
	for (size_t i = 0; i < 256; i++) {
		put(file + 8 * i, position);
		put(file + 8 * i + 4, slots);
	}
	for (size_t at = 2048; at + 8 <= sizeof file; at += 8) {
		put(file + at, hash);
		put(file + at + 4, hash == 0 ? 2048 : 8);
	}
	int fd = cdbfile_of(file, len);
	enum cdbread_result result = find(fd, "joe@example.com");

	close(fd);
	return result;
}

/* Slots that are taken by others' hashes: the search goes on. */
static enum cdbread_result
find_in_table(uint32_t position, uint32_t slots, size_t len)
{
	return find_hash(0, position, slots, len);
}

static void
test_tables(void)
{
	ok(find_hash(cdb_hash("joe@example.com", 15), 2048, 16, 8192) ==
			CDBREAD_BROKEN,
		"a record in the header");
	ok(find_in_table(2048, 16, 8192) == CDBREAD_MISSING,
		"a full table is searched once around");
	ok(find_in_table(2048, UINT32_MAX, 8192) == CDBREAD_BROKEN,
		"more slots than the file holds");
	ok(find_in_table(UINT32_MAX, 16, 8192) == CDBREAD_BROKEN,
		"a table behind the end");
	ok(find_in_table(UINT32_MAX, UINT32_MAX, 8192) == CDBREAD_BROKEN,
		"both: no wrapping around");
	ok(find_in_table(0, 16, 8192) == CDBREAD_BROKEN,
		"a table in the header");
	ok(find_in_table(2048, 769, 8192) == CDBREAD_BROKEN,
		"one slot too many");
	ok(find_in_table(2048, 768, 8192) == CDBREAD_MISSING,
		"a table up to the end of the file");
}

int
main(void)
{
	test_many();
	test_kinds();
	test_room();
	test_empty();
	test_cut();
	test_one_octet();
	test_noise();
	test_tables();
	return tap_done();
}
