/* Unit test of passwd/cdbwrite.c: what it writes is read by lib/cdbread.c
 * and by libcdb. */
#include "passwd/cdbwrite.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lib/cdbread.h"
#include "tests/cdbfile.h"
#include "tests/tap.h"

static int
memory_file(void)
{
	int fd = memfd_create("cdbwrite", MFD_CLOEXEC);

	cdbfile_must(fd != -1);
	return fd;
}

/* Key and data of record number i; data of every length up to 99. */
static struct slice
key_of(unsigned i, char *text)
{
	return (struct slice){text, (size_t)sprintf(text, "key%u", i)};
}

static struct slice
data_of(unsigned i, char *text)
{
	size_t len = (size_t)sprintf(text, "data%u", i);

	memset(text + len, 'x', 99 - len);
	return (struct slice){text, len + i % (100 - len)};
}

static enum cdbwrite_result
add(struct cdbwrite *w, unsigned i)
{
	char key[16], data[100];

	return cdbwrite_add(w, key_of(i, key), data_of(i, data));
}

static bool
by_us(int fd, unsigned i)
{
	char key[16], data[100], found[100];
	struct slice expected = data_of(i, data);
	size_t len;

	return cdbread_find(fd, key_of(i, key), found, sizeof found, &len) ==
		       CDBREAD_FOUND &&
	       slice_equal(expected, (struct slice){found, len});
}

static bool
by_libcdb(struct cdb *cdb, unsigned i)
{
	char key[16], data[100];
	struct slice k = key_of(i, key), expected = data_of(i, data);

	return cdb_find(cdb, k.data, (unsigned)k.len) == 1 &&
	       slice_equal(expected,
		       (struct slice){cdb_getdata(cdb), cdb_datalen(cdb)});
}

static void
test_sizes(void)
{
	/* 256 tables of blocks of 511: from 130,816 on each is spilt. */
	static const unsigned counts[] = {0, 1, 2, 300, 5000, 150000};

	for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
		unsigned count = counts[c], ours = 0, theirs = 0, seen = 0, at;
		int fd = memory_file(), spill = memory_file();
		struct cdbwrite *w = cdbwrite_start(fd, spill);
		struct cdb cdb;
		bool good = w != NULL;
		char what[64];

		for (unsigned i = 0; i < count; i++)
			good = good && add(w, i) == CDBWRITE_OK;
		good = good && cdbwrite_finish(w) == CDBWRITE_OK;
		cdbwrite_end(w);
		snprintf(what, sizeof what, "%u records are written", count);
		ok(good, what);
		ok((lseek(spill, 0, SEEK_END) > 0) == (count > 130816),
			"and spilt where they are many");
		ok(cdb_init(&cdb, fd) == 0, "libcdb opens it");
		for (unsigned i = 0; i < count; i++) {
			ours += by_us(fd, i);
			theirs += by_libcdb(&cdb, i);
		}
		ok(ours == count, "each is found");
		ok(theirs == count, "and by libcdb");
		ok(!by_us(fd, count) && !by_libcdb(&cdb, count),
			"one that is not there is not");
		cdb_seqinit(&at, &cdb);
		while (cdb_seqnext(&at, &cdb) > 0)
			seen++;
		ok(seen == count, "and no more than those");
		cdb_free(&cdb);
		close(fd);
		close(spill);
	}
}

static enum cdbwrite_result
write_keys(const char *const *keys, size_t count)
{
	int fd = memory_file(), spill = memory_file();
	struct cdbwrite *w = cdbwrite_start(fd, spill);
	enum cdbwrite_result result = CDBWRITE_OK;

	cdbfile_must(w != NULL);
	for (size_t i = 0; i < count && result == CDBWRITE_OK; i++)
		result = cdbwrite_add(w, slice_of(keys[i]), slice_of("x"));
	if (result == CDBWRITE_OK)
		result = cdbwrite_finish(w);
	cdbwrite_end(w);
	close(fd);
	close(spill);
	return result;
}

static void
test_twice(void)
{
	/* h * 33 ^ c: the same hash for "bb" and "cA", and behind any text. */
	static const char *const same[] = {"a", "b", "a"};
	static const char *const alike[] = {"xbb", "xcC", "y"};
	static const char *const both[] = {"xbb", "xcC", "xbb"};
	static const char *const lengths[] = {"a", "aa", "aaa", ""};
	int fd = memory_file(), spill = memory_file();
	struct cdbwrite *w = cdbwrite_start(fd, spill);

	ok(write_keys(same, 3) == CDBWRITE_TWICE, "a key that is there twice");
	ok(cdb_hash("xbb", 3) == cdb_hash("xcC", 3), "two keys of one hash");
	ok(write_keys(alike, 3) == CDBWRITE_OK, "are two");
	ok(write_keys(both, 3) == CDBWRITE_TWICE, "but not if one is a third");
	ok(write_keys(lengths, 4) == CDBWRITE_OK, "no key, and others");
	cdbfile_must(w != NULL);
	for (unsigned i = 0; i < 140000; i++)
		cdbfile_must(add(w, i) == CDBWRITE_OK);
	cdbfile_must(add(w, 17) == CDBWRITE_OK);
	ok(cdbwrite_finish(w) == CDBWRITE_TWICE,
		"the first of them in a block that was spilt");
	cdbwrite_end(w);
	close(fd);
	close(spill);
}

/* A limit on the size of a file: the disk is full. */
static void
test_full(void)
{
	struct rlimit usual, small = {100000, RLIM_INFINITY};
	FILE *file = tmpfile(), *other = tmpfile();
	struct cdbwrite *w;
	enum cdbwrite_result result = CDBWRITE_OK;

	cdbfile_must(file != NULL && other != NULL);
	cdbfile_must(getrlimit(RLIMIT_FSIZE, &usual) == 0);
	signal(SIGXFSZ, SIG_IGN);
	small.rlim_max = usual.rlim_max;
	cdbfile_must(setrlimit(RLIMIT_FSIZE, &small) == 0);
	w = cdbwrite_start(fileno(file), fileno(other));
	cdbfile_must(w != NULL);
	for (unsigned i = 0; i < 3000 && result == CDBWRITE_OK; i++)
		result = add(w, i);
	ok(result == CDBWRITE_FAILED && errno == EFBIG,
		"a full disk while records are written");
	cdbwrite_end(w);
	rewind(file);
	cdbfile_must(ftruncate(fileno(file), 0) == 0);
	w = cdbwrite_start(fileno(file), fileno(other));
	cdbfile_must(w != NULL);
	for (unsigned i = 0; i < 1300; i++)
		cdbfile_must(add(w, i) == CDBWRITE_OK);
	ok(cdbwrite_finish(w) == CDBWRITE_FAILED && errno == EFBIG,
		"and while tables are");
	cdbwrite_end(w);
	cdbfile_must(setrlimit(RLIMIT_FSIZE, &usual) == 0);
	w = cdbwrite_start(-1, fileno(other));
	ok(w == NULL, "no file");
	w = cdbwrite_start(fileno(file), -1);
	cdbfile_must(w != NULL);
	result = CDBWRITE_OK;
	for (unsigned i = 0; i < 200000 && result == CDBWRITE_OK; i++)
		result = add(w, i);
	ok(result == CDBWRITE_FAILED, "no second file, once it is wanted");
	cdbwrite_end(w);
	fclose(file);
	fclose(other);
}

int
main(void)
{
	test_sizes();
	test_twice();
	test_full();
	return tap_done();
}
