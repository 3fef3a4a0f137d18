/*
 * Unit test of keeper/table: records found again, bucket full, damage of
 * every kind, and many writers of which some are killed.
 */
#include "keeper/table.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "tests/scratch.h"
#include "tests/tap.h"

#define WRITERS 20
#define ROUNDS 200
#define KILLED 6

struct number {
	uint64_t value, weight;
};

static uint64_t
weight(const void *octets, int64_t now)
{
	struct number n;

	memcpy(&n, octets, sizeof n);
	return now == 0 ? n.weight : 0;
}

static const struct table_shape small = {"small", 1, 4, 16, weight};
static const struct table_shape wide = {"wide", 64, 4, 16, weight};
static const struct table_shape larger = {"small", 2, 4, 16, weight};
static const struct table_shape full = {"full", 3, 8, TABLE_RECORD_MAX, weight};

static struct scratch scratch;

static int
open_table(struct table *t, const struct table_shape *shape)
{
	const char *reason = NULL;
	int result = table_open(t, shape, scratch.path, true, &reason);

	if (result == -1)
		printf("# %s\n", reason);
	return result;
}

static uint64_t
value(const struct table *t, const char *name)
{
	struct number n = {1, 1};

	return table_look(t, slice_of(name), &n) == 0 ? n.value : UINT64_MAX;
}

static void
put(struct table *t, const char *name, uint64_t number, uint64_t heavy)
{
	struct number n;

	scratch_must(table_take(t, slice_of(name), 0, &n) == 0, "take");
	n = (struct number){number, heavy};
	scratch_must(table_put(t, &n) == 0, "put");
}

static void
test_records(void)
{
	struct table t, other;
	struct number n;
	struct stat status;

	ok(open_table(&t, &wide) == 0, "a new file");
	ok(fstat(t.fd, &status) == 0 && (status.st_mode & 0777) == 0600,
		"for the account alone");
	ok(status.st_size == 4096 + 64 * 4 * 32, "its size");
	ok(value(&t, "a") == 0, "what was never put is zeros");
	put(&t, "a", 1, 1);
	put(&t, "b", 2, 1);
	put(&t, "", 3, 1);
	ok(value(&t, "a") == 1 && value(&t, "b") == 2 && value(&t, "") == 3,
		"each name has its record");
	ok(value(&t, "aa") == 0, "another name has none");
	put(&t, "a", 9, 1);
	ok(value(&t, "a") == 9 && value(&t, "b") == 2, "a record is replaced");
	ok(open_table(&other, &wide) == 0 && value(&other, "a") == 9,
		"who opens it sees the same");
	ok(table_take(&other, slice_of("a"), 0, &n) == 0 && n.value == 9,
		"taken as it is");
	ok(table_put(&other, &n) == 0, "and put back");
	table_close(&other);
	for (unsigned i = 0; i < 200; i++) {
		char name[20];

		snprintf(name, sizeof name, "name%u", i);
		put(&t, name, i, i);
	}
	ok(fstat(t.fd, &status) == 0 && status.st_size == 4096 + 64 * 4 * 32,
		"it does not grow");
	ok(value(&t, "name199") == 199, "the last and heaviest is there");
	table_close(&t);
	ok(open_table(&t, &full) == 0, "the largest shape");
	table_close(&t);
}

static void
test_full(void)
{
	struct table t;

	scratch_must(open_table(&t, &small) == 0, "open");
	put(&t, "a", 1, 10);
	put(&t, "b", 2, 5);
	put(&t, "c", 3, 20);
	put(&t, "d", 4, 30);
	put(&t, "e", 5, 7);
	ok(value(&t, "b") == 0, "a full bucket forgets the lightest");
	ok(value(&t, "a") == 1 && value(&t, "c") == 3 && value(&t, "d") == 4 &&
			value(&t, "e") == 5,
		"and keeps the others");
	put(&t, "f", 6, 1);
	ok(value(&t, "e") == 0 && value(&t, "f") == 6,
		"a new name always finds a place");
	put(&t, "d", 44, 0);
	ok(value(&t, "d") == 44 && value(&t, "a") == 1,
		"who has a place keeps it");
	table_close(&t);
}

static void
overwrite(const char *name, off_t at, const void *octets, size_t len)
{
	int fd = openat(scratch.fd, name, O_WRONLY);

	scratch_must(fd != -1 && pwrite(fd, octets, len, at) == (ssize_t)len,
		"overwrite");
	close(fd);
}

/* Each octet of each slot of the one bucket, changed. */
static void
test_slots_damaged(void)
{
	unsigned char octets[4 * 32], bad;
	struct table t;
	unsigned accused = 0, kept = 0;

	scratch_must(open_table(&t, &small) == 0, "open");
	put(&t, "f", 6, 1);
	scratch_must(pread(t.fd, octets, sizeof octets, 4096) == sizeof octets,
		"read");
	for (size_t i = 0; i < sizeof octets; i++) {
		bad = octets[i] ^ (unsigned char)(1 + i % 255);
		overwrite("small", 4096 + (off_t)i, &bad, 1);
		uint64_t f = value(&t, "f");

		accused += f != 0 && f != 6;
		kept += f == 6;
		overwrite("small", 4096 + (off_t)i, &octets[i], 1);
	}
	ok(accused == 0, "a damaged record is none");
	ok(kept == 3 * 32, "the damage is that record's alone");
	ok(value(&t, "f") == 6, "mended");
	for (off_t i = 0; i < 4; i++)
		overwrite("small", 4096 + i * 32, octets + t.slot * 32, 32);
	ok(value(&t, "f") == 6, "a slot that is there four times");
	overwrite("small", 4096, octets, sizeof octets);
	/* A torn write: the first half of one state, the second of another. */
	unsigned char before[sizeof octets];

	memcpy(before, octets, sizeof octets);
	put(&t, "f", 77, 1);
	scratch_must(pread(t.fd, octets, sizeof octets, 4096) == sizeof octets,
		"read");
	accused = 0;
	for (size_t cut = 0; cut <= sizeof octets; cut++) {
		overwrite("small", 4096, octets, sizeof octets);
		overwrite("small", 4096, before, cut);
		uint64_t f = value(&t, "f");

		accused += f != 0 && f != 6 && f != 77;
	}
	ok(accused == 0, "a torn write is the old, the new or none");
	/* Rubbish fills no bucket: it weighs nothing. */
	memset(octets, 0xff, sizeof octets);
	overwrite("small", 4096, octets, sizeof octets);
	ok(value(&t, "f") == 0, "rubbish");
	put(&t, "x", 1, 5);
	put(&t, "y", 2, 5);
	ok(value(&t, "x") == 1 && value(&t, "y") == 2, "gives way");
	table_close(&t);
}

/* Records of another file, or of another place of this one, are none. */
static void
test_moved(void)
{
	unsigned char octets[4 * 32];
	struct table t;
	uint64_t sum = 0;

	scratch_remove(&scratch, "wide");
	scratch_must(open_table(&t, &wide) == 0, "open");
	put(&t, "f", 6, 1);
	ok(value(&t, "f") == 6, "in a file of many buckets");
	scratch_must(pread(t.fd, octets, sizeof octets,
			     4096 + (off_t)t.bucket * 128) == sizeof octets,
		"read");
	for (off_t i = 0; i < 64; i++)
		if (i != t.bucket)
			overwrite("wide", 4096 + i * 128, octets, 128);
	memset(octets, 0, sizeof octets);
	overwrite("wide", 4096 + (off_t)t.bucket * 128, octets, 128);
	sum += value(&t, "f");
	for (unsigned i = 0; i < 500; i++) {
		char name[20];

		snprintf(name, sizeof name, "n%u", i);
		sum += value(&t, name);
	}
	ok(sum == 0, "copied into every other bucket it is nobody's");
	table_close(&t);
}

static void
test_header_damaged(void)
{
	struct table t;
	unsigned found = 0, anew = 0;

	for (off_t i = 0; i < 64; i++) {
		unsigned char octet;

		scratch_remove(&scratch, "small");
		scratch_must(open_table(&t, &small) == 0, "open");
		put(&t, "f", 6, 1);
		scratch_must(pread(t.fd, &octet, 1, i) == 1, "read");
		table_close(&t);
		octet ^= 0x40;
		overwrite("small", i, &octet, 1);
		scratch_must(open_table(&t, &small) == 0, "open");
		found += value(&t, "f") != 0;
		put(&t, "g", 7, 1);
		table_close(&t);
		scratch_must(open_table(&t, &small) == 0, "open");
		anew += value(&t, "g") == 7;
		table_close(&t);
	}
	ok(found == 0, "a damaged header: nothing is remembered");
	ok(anew == 64, "and it was made anew");
	scratch_must(open_table(&t, &larger) == 0, "open");
	ok(value(&t, "g") == 0, "of another shape: made anew");
	table_close(&t);
}

static void
test_size(void)
{
	static const off_t sizes[] = {
		0, 1, 63, 64, 4095, 4096, 4097, 4096 + 40, 4096 + 127, 1 << 20};
	struct table t;

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		char what[60];

		snprintf(
			what, sizeof what, "cut to %ld octets", (long)sizes[i]);
		scratch_must(open_table(&t, &small) == 0, "open");
		put(&t, "f", 6, 1);
		/* Cut while it is open, as by somebody's editor. */
		scratch_must(ftruncate(t.fd, sizes[i]) == 0, "cut");
		uint64_t f = value(&t, "f");

		ok(f == 0 || f == 6, what);
		put(&t, "g", 7, 1);
		ok(value(&t, "g") == 7, what);
		table_close(&t);
		ok(open_table(&t, &small) == 0, what);
		table_close(&t);
	}
}

/* What cannot be used, and the word for it. */
static void
test_unusable(void)
{
	struct table t = {.fd = -1};
	const char *reason = "";
	char long_name[2000];

	ok(table_open(&t, &small, "/nonexistent", true, &reason) == -1 &&
			strcmp(reason, strerror(ENOENT)) == 0,
		"no directory");
	memset(long_name, 'x', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	ok(table_open(&t, &small, long_name, true, &reason) == -1 &&
			strcmp(reason, strerror(ENAMETOOLONG)) == 0,
		"too long a name");
	scratch_remove(&scratch, "small");
	ok(table_open(&t, &small, scratch.path, false, &reason) == -1 &&
			strcmp(reason, strerror(ENOENT)) == 0,
		"looking makes no file");
	scratch_must(mkdirat(scratch.fd, "small", 0700) == 0, "mkdir");
	ok(table_open(&t, &small, scratch.path, true, &reason) == -1,
		"a directory");
	scratch_remove(&scratch, "small");
	scratch_must(mkfifoat(scratch.fd, "small", 0600) == 0, "mkfifo");
	ok(table_open(&t, &small, scratch.path, true, &reason) == -1 &&
			strcmp(reason, "not a regular file") == 0,
		"a FIFO");
	scratch_remove(&scratch, "small");
	scratch_must(symlinkat("wide", scratch.fd, "small") == 0, "symlink");
	ok(table_open(&t, &small, scratch.path, true, &reason) == -1 &&
			strcmp(reason, strerror(ELOOP)) == 0,
		"a link");
	scratch_remove(&scratch, "small");
	scratch_text(&scratch, "small", "something");
	scratch_must(fchmodat(scratch.fd, "small", 0622, 0) == 0, "chmod");
	ok(table_open(&t, &small, scratch.path, true, &reason) == -1 &&
			strcmp(reason, "writable by others") == 0,
		"that others may write");
	scratch_must(fchmodat(scratch.fd, "small", 0600, 0) == 0, "chmod");
	ok(table_open(&t, &small, scratch.path, false, &reason) == -1 &&
			strcmp(reason, "not a state file") == 0,
		"looking into what is none");
	ok(t.fd == -1, "nothing stays open");
	scratch_remove(&scratch, "small");
	if (geteuid() != 0)
		return;
	scratch_text(&scratch, "small", "");
	scratch_must(fchmodat(scratch.fd, "small", 0644, 0) == 0, "chmod");
	scratch_must(seteuid(65534) == 0, "seteuid");
	ok(table_open(&t, &small, scratch.path, false, &reason) == -1 &&
			strcmp(reason, "owned by another account") == 0,
		"another account's");
	scratch_must(seteuid(0) == 0, "seteuid");
	scratch_remove(&scratch, "small");
}

/* A full disk, as /dev/full would have it, but for a regular file. */
static void
test_no_room(void)
{
	struct rlimit limit = {4096, 4096}, before;
	struct table t, other;
	struct number n;

	scratch_remove(&scratch, "small");
	scratch_remove(&scratch, "wide");
	scratch_must(open_table(&t, &small) == 0, "open");
	signal(SIGXFSZ, SIG_IGN);
	scratch_must(getrlimit(RLIMIT_FSIZE, &before) == 0, "getrlimit");
	limit.rlim_max = before.rlim_max;
	scratch_must(setrlimit(RLIMIT_FSIZE, &limit) == 0, "setrlimit");
	ok(table_take(&t, slice_of("a"), 0, &n) == 0 &&
			table_put(&t, &n) == -1 && errno == EFBIG,
		"no room: an error, and the reason");
	ok(!t.locked, "the lock is gone");
	for (int i = 0; i < 2; i++)
		ok(open_table(&other, &wide) == -1,
			"one that cannot be made whole is none");
	scratch_must(setrlimit(RLIMIT_FSIZE, &before) == 0, "setrlimit");
	put(&t, "a", 1, 1);
	ok(value(&t, "a") == 1, "room again");
	int fd = t.fd;

	t.fd = -1;
	ok(table_look(&t, slice_of("a"), &n) == -1 && n.value == 0 &&
			table_take(&t, slice_of("a"), 0, &n) == -1,
		"what cannot be read");
	t.fd = fd;
	table_close(&t);
}

/* Somebody holds the bucket and does not move. */
static void
test_stopped(void)
{
	struct table holder, t;
	struct number n;

	scratch_must(
		open_table(&holder, &small) == 0 && open_table(&t, &small) == 0,
		"open");
	put(&t, "a", 1, 1);
	scratch_must(table_take(&holder, slice_of("a"), 0, &n) == 0, "take");
	ok(holder.locked, "it is held");
	ok(table_take(&t, slice_of("a"), 0, &n) == 0 && !t.locked &&
			n.value == 1,
		"after a while one goes on without the lock");
	n.value = 2;
	ok(table_put(&t, &n) == 0 && value(&t, "a") == 2, "and counts");
	table_close(&holder);
	ok(table_take(&t, slice_of("a"), 0, &n) == 0 && t.locked,
		"a holder that is gone holds nothing");
	table_close(&t);
}

static _Noreturn void
writer(int report)
{
	struct table t;
	struct number n;

	if (open_table(&t, &wide) == -1)
		_exit(1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		/* On a busy machine the wait for the lock may be too short. */
		do
			if (table_take(&t, slice_of("sum"), 0, &n) == -1)
				_exit(1);
		while (!t.locked);
		n.value++;
		n.weight = 1;
		if (table_put(&t, &n) == -1 || write(report, "x", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

/*
 * Each change is reported after it was made. Some writers are killed in the
 * middle: so many changes more than reports there may be, and none fewer.
 */
static void
test_writers(void)
{
	pid_t pids[WRITERS];
	int report[2];
	uint64_t reported = 0;
	struct table t;
	char text[4096];
	ssize_t got;

	scratch_remove(&scratch, "wide"); /* they make it, too */
	scratch_must(pipe(report) == 0, "pipe");
	fflush(stdout);
	for (size_t i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		scratch_must(pids[i] != -1, "fork");
		if (pids[i] == 0)
			writer(report[1]);
	}
	close(report[1]);
	for (size_t i = 0; (got = read(report[0], text, 200)) > 0; i++) {
		reported += (uint64_t)got;
		if (i < KILLED)
			kill(pids[i * 3], SIGKILL);
	}
	for (size_t i = 0; i < WRITERS; i++)
		waitpid(pids[i], NULL, 0);
	scratch_must(open_table(&t, &wide) == 0, "open");
	uint64_t sum = value(&t, "sum");

	printf("# %llu changes, %llu reports\n", (unsigned long long)sum,
		(unsigned long long)reported);
	ok(reported >= (WRITERS - KILLED) * ROUNDS, "the others went on");
	ok(sum >= reported && sum <= reported + KILLED,
		"no change is lost, none is made twice");
	table_close(&t);
}

int
main(void)
{
	scratch_make(&scratch);
	test_records();
	test_full();
	test_slots_damaged();
	test_moved();
	test_header_damaged();
	test_size();
	test_unusable();
	test_no_room();
	test_stopped();
	test_writers();
	scratch_end(&scratch);
	return tap_done();
}
