/* table - see table.h. Run by the keeper, and by main before it forks. */
#include "keeper/table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/path.h"

#define KEY_LEN 32
#define CHECK_LEN 16
#define FIRST_BUCKET 4096 /* octets: the header has a page of its own */
#define HASH_LEN TABLE_HASH_LEN

/* Own byte order and layout: the file never leaves its host. */
struct header {
	char magic[8];
	uint32_t buckets, slots;
	unsigned char key[KEY_LEN];
	unsigned char check[CHECK_LEN]; /* SHA-256 of what is before it */
};

struct slot {
	unsigned char mark[TABLE_MARK_LEN];  /* which name */
	unsigned char check[TABLE_MARK_LEN]; /* keyed: place, name, record */
	unsigned char record[TABLE_RECORD_MAX];
};

static const char magic[8] = "smtpd-1";

/* ---------------------------------------------------------------- locks --- */

struct flock
table_range(off_t from, size_t len)
{
	return (struct flock){.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = from,
		.l_len = (off_t)len};
}

/* Waits, but not for long: who holds it may have been stopped. */
static bool
lock(int fd, off_t from, size_t len)
{
	struct flock range = table_range(from, len);
	int64_t until = clock_ms() + TABLE_LOCK_MS;

	while (fcntl(fd, F_OFD_SETLK, &range) == -1) {
		int64_t now = clock_ms();

		if ((errno != EAGAIN && errno != EACCES) || now >= until)
			return false;
		clock_poll(NULL, 0, now + 1);
	}
	return true;
}

/* Leaves errno as it is: what came before it counts. */
static void
unlock(int fd, off_t from, size_t len)
{
	struct flock range = table_range(from, len);
	int error = errno;

	range.l_type = F_UNLCK;
	/* Should it fail: the lock ends with this process at the latest. */
	(void)fcntl(fd, F_OFD_SETLK, &range);
	errno = error;
}

/* --------------------------------------------------- header and opening --- */

static void
header_check(const struct header *h, unsigned char check[CHECK_LEN])
{
	br_sha256_context sha;
	unsigned char hash[HASH_LEN];

	br_sha256_init(&sha);
	br_sha256_update(&sha, h, offsetof(struct header, check));
	br_sha256_out(&sha, hash);
	memcpy(check, hash, CHECK_LEN);
}

static bool
header_read(int fd, const struct table_shape *shape, struct header *h)
{
	unsigned char check[CHECK_LEN];

	if (pread(fd, h, sizeof *h, 0) != (ssize_t)sizeof *h)
		return false;
	header_check(h, check);
	return memcmp(h->magic, magic, sizeof magic) == 0 &&
	       h->buckets == shape->buckets && h->slots == shape->slots &&
	       memcmp(h->check, check, sizeof check) == 0;
}

static size_t
slot_size(const struct table_shape *shape)
{
	return offsetof(struct slot, record) + shape->record;
}

static size_t
bucket_size(const struct table_shape *shape)
{
	return shape->slots * slot_size(shape);
}

static off_t
bucket_at(const struct table_shape *shape, uint32_t bucket)
{
	return FIRST_BUCKET + (off_t)bucket * (off_t)bucket_size(shape);
}

/*
 * With a new key whatever was there before means nothing any more. The header
 * comes last: who reads it finds a file that could be made whole.
 */
static int
header_make(int fd, const struct table_shape *shape, struct header *h)
{
	*h = (struct header){.buckets = shape->buckets, .slots = shape->slots};
	memcpy(h->magic, magic, sizeof magic);
	if (getrandom(h->key, sizeof h->key, 0) != sizeof h->key)
		return -1;
	header_check(h, h->check);
	/* The same size for ever, but blocks only where something was put. */
	if (ftruncate(fd, bucket_at(shape, shape->buckets)) == -1)
		return -1;
	errno = ENOSPC; /* for a write that is cut short */
	return pwrite(fd, h, sizeof *h, 0) == (ssize_t)sizeof *h ? 0 : -1;
}

/* The first one makes it; the others wait for its lock, and find it. */
static int
header_get(int fd, const struct table_shape *shape, struct header *h)
{
	int result = 0;

	if (header_read(fd, shape, h))
		return 0;
	bool locked = lock(fd, 0, sizeof *h);

	if (!locked && errno == EAGAIN)
		return -1;
	if (!header_read(fd, shape, h))
		result = header_make(fd, shape, h);
	if (locked)
		unlock(fd, 0, sizeof *h);
	return result;
}

/* Only the account writes to it, so nobody else can have made it up. */
static const char *
wrong_file(int fd)
{
	struct stat status;

	if (fstat(fd, &status) == -1)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "not a regular file";
	if (geteuid() != 0 && status.st_uid != geteuid())
		return "owned by another account";
	return status.st_mode & (S_IWGRP | S_IWOTH) ? "writable by others"
						    : NULL;
}

static int
open_file(const char *directory, const char *name, bool write)
{
	char path[PATH_ROOM];
	int flags = write ? O_RDWR | O_CREAT : O_RDONLY;

	if (path_join(path, sizeof path, slice_of(directory), name) == NULL)
		return -1;
	return open(path,
		flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
}

int
table_file(const char *directory, const char *name, bool write,
	const char **reason)
{
	int fd = open_file(directory, name, write);

	*reason = fd == -1 ? strerror(errno) : wrong_file(fd);
	if (*reason == NULL)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

int
table_open(struct table *t, const struct table_shape *shape,
	const char *directory, bool write, const char **reason)
{
	struct header h;

	t->shape = shape;
	t->fd = table_file(directory, shape->name, write, reason);
	if (t->fd == -1)
		return -1;
	if (!(write ? header_get(t->fd, shape, &h) == 0
		    : header_read(t->fd, shape, &h)))
		*reason = write ? strerror(errno) : "not a state file";
	if (*reason != NULL) {
		table_close(t);
		return -1;
	}
	br_hmac_key_init(&t->key, &br_sha256_vtable, h.key, sizeof h.key);
	explicit_bzero(&h, sizeof h);
	return 0;
}

void
table_close(struct table *t)
{
	if (t->fd != -1)
		close(t->fd);
	t->fd = -1;
}

/* -------------------------------------------------------------- records --- */

void
table_hash(const struct table *t, struct slice name,
	unsigned char hash[TABLE_HASH_LEN])
{
	br_hmac_context hmac;

	br_hmac_init(&hmac, &t->key, 0);
	br_hmac_update(&hmac, "name", 4);
	br_hmac_update(&hmac, name.data, name.len);
	br_hmac_out(&hmac, hash);
}

static void
find_place(const struct table *t, struct slice name, uint32_t *bucket,
	unsigned char mark[TABLE_MARK_LEN])
{
	unsigned char hash[HASH_LEN];
	uint32_t number;

	table_hash(t, name, hash);
	memcpy(&number, hash, sizeof number);
	*bucket = number % t->shape->buckets;
	memcpy(mark, hash + sizeof number, TABLE_MARK_LEN);
}

static void
slot_check(const struct table *t, uint32_t bucket, const struct slot *slot,
	unsigned char check[TABLE_MARK_LEN])
{
	br_hmac_context hmac;
	unsigned char hash[HASH_LEN];

	br_hmac_init(&hmac, &t->key, 0);
	br_hmac_update(&hmac, "slot", 4);
	br_hmac_update(&hmac, &bucket, sizeof bucket);
	br_hmac_update(&hmac, slot->mark, sizeof slot->mark);
	br_hmac_update(&hmac, slot->record, t->shape->record);
	br_hmac_out(&hmac, hash);
	memcpy(check, hash, TABLE_MARK_LEN);
}

/* What lies behind the end of a file that was cut short is zeros. */
static int
read_bucket(const struct table *t, uint32_t bucket, unsigned char *octets)
{
	size_t size = bucket_size(t->shape), len = 0;

	while (len < size) {
		ssize_t got = pread(t->fd, octets + len, size - len,
			bucket_at(t->shape, bucket) + (off_t)len);

		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	memset(octets + len, 0, size - len);
	return 0;
}

/* Copies a slot; false when there is nothing in it, or nothing good. */
static bool
get_slot(const struct table *t, const unsigned char *octets, uint32_t bucket,
	size_t i, struct slot *slot)
{
	unsigned char check[TABLE_MARK_LEN];

	memcpy(slot, octets + i * slot_size(t->shape), slot_size(t->shape));
	slot_check(t, bucket, slot, check);
	return memcmp(check, slot->check, sizeof check) == 0;
}

/*
 * Reads a bucket. The record becomes that of the name with this mark, and *at
 * its slot; zeros, and the number of slots, when there is none.
 */
static int
read_record(const struct table *t, uint32_t bucket, const unsigned char *mark,
	unsigned char *octets, void *record, size_t *at)
{
	size_t size = slot_size(t->shape);
	struct slot slot;

	*at = 0;
	if (read_bucket(t, bucket, octets) == -1)
		return -1;
	while (*at < t->shape->slots &&
		(memcmp(octets + *at * size, mark, TABLE_MARK_LEN) != 0 ||
			!get_slot(t, octets, bucket, *at, &slot)))
		++*at;
	if (*at == t->shape->slots)
		memset(record, 0, t->shape->record);
	else
		memcpy(record, slot.record, t->shape->record);
	return 0;
}

/* The slot that is missed least. */
static size_t
least_slot(const struct table *t, const unsigned char *octets, int64_t now)
{
	uint64_t least = UINT64_MAX;
	size_t found = 0;
	struct slot slot;

	for (size_t i = 0; i < t->shape->slots && least > 0; i++) {
		uint64_t weight = 0;

		if (get_slot(t, octets, t->bucket, i, &slot))
			weight = t->shape->weight(slot.record, now);
		if (weight < least) {
			least = weight;
			found = i;
		}
	}
	return found;
}

int
table_look(const struct table *t, struct slice name, void *record)
{
	unsigned char octets[TABLE_BUCKET_MAX], mark[TABLE_MARK_LEN];
	uint32_t bucket;
	size_t slot;

	find_place(t, name, &bucket, mark);
	return read_record(t, bucket, mark, octets, record, &slot);
}

void
table_leave(struct table *t)
{
	if (t->locked)
		unlock(t->fd, bucket_at(t->shape, t->bucket),
			bucket_size(t->shape));
	t->locked = false;
}

int
table_take(struct table *t, struct slice name, int64_t now, void *record)
{
	unsigned char octets[TABLE_BUCKET_MAX];

	find_place(t, name, &t->bucket, t->mark);
	t->locked = lock(
		t->fd, bucket_at(t->shape, t->bucket), bucket_size(t->shape));
	if (read_record(t, t->bucket, t->mark, octets, record, &t->slot) ==
		-1) {
		table_leave(t);
		return -1;
	}
	if (t->slot == t->shape->slots)
		t->slot = least_slot(t, octets, now);
	return 0;
}

int
table_put(struct table *t, const void *record)
{
	struct slot slot;
	size_t size = slot_size(t->shape);

	memcpy(slot.mark, t->mark, sizeof slot.mark);
	memcpy(slot.record, record, t->shape->record);
	slot_check(t, t->bucket, &slot, slot.check);
	errno = ENOSPC; /* for a write that is cut short */
	bool good = pwrite(t->fd, &slot, size,
			    bucket_at(t->shape, t->bucket) +
				    (off_t)(t->slot * size)) == (ssize_t)size;

	table_leave(t);
	return good ? 0 : -1;
}
