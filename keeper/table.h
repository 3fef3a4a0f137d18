/*
 * table - a small file of records that all connections share, found by name.
 *
 * A fixed number of buckets of a few slots each; the name's keyed hash says
 * which bucket, and is all that the file holds of the name. The key is made
 * with the file and stands in its header. Each slot has a keyed checksum, and
 * counts as empty when that is wrong: a torn or damaged file loses counts, and
 * never gains one. A full bucket forgets its record of the least weight.
 *
 * There is no daemon and nothing to clean up. A change is a lock on the
 * bucket (gone with the process that holds it), one pread, one pwrite. A
 * process that does not get the lock within TABLE_LOCK_MS goes on without: a
 * count may then be lost, but no process can stop the others.
 */
#ifndef KEEPER_TABLE_H
#define KEEPER_TABLE_H

#include <bearssl.h>
#include <fcntl.h>

#include "lib/bytes.h"

#define TABLE_BUCKET_MAX 1024 /* octets of a bucket */
#define TABLE_RECORD_MAX 112  /* octets of a record */
#define TABLE_MARK_LEN 8      /* octets of a name's hash, and of a checksum */
#define TABLE_LOCK_MS 500
#define TABLE_HASH_LEN 32 /* octets */

struct table_shape {
	const char *name; /* of the file */
	uint32_t buckets, slots;
	size_t record; /* octets */
	/* How much would be lost with this record at that time; 0: nothing. */
	uint64_t (*weight)(const void *record, int64_t now);
};

struct table {
	const struct table_shape *shape;
	int fd; /* -1: not open */
	br_hmac_key_context key;
	/* between table_take() and table_put() */
	uint32_t bucket;
	size_t slot;
	unsigned char mark[TABLE_MARK_LEN];
	bool locked;
};

/*
 * Opens the file. write: it is made where it is missing; without, only
 * table_look() may follow. 0, or -1 with a reason.
 */
int table_open(struct table *t, const struct table_shape *shape,
	const char *directory, bool write, const char **reason);
void table_close(struct table *t);

/* The name's keyed hash: nobody can compute it without the file's key. */
void table_hash(const struct table *t, struct slice name,
	unsigned char hash[TABLE_HASH_LEN]);

/*
 * Opens another file of the directory as table_open() opens its own. Returns a
 * descriptor, or -1 with a reason.
 */
int table_file(const char *directory, const char *name, bool write,
	const char **reason);

/* For a lock of an open file (OFD) on these octets: F_WRLCK. */
struct flock table_range(off_t from, size_t len);

/* Copies the record of that name, or zeros. 0, or -1 with errno. */
int table_look(const struct table *t, struct slice name, void *record);

/* The same; the record is locked until it is put back, or left as it was. */
int table_take(struct table *t, struct slice name, int64_t now, void *record);
int table_put(struct table *t, const void *record);
void table_leave(struct table *t);

#endif
