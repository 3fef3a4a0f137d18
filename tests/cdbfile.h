/*
 * cdbfile - a constant database in memory for a test, written by libcdb. A
 * test without its file proves nothing, so what fails here aborts.
 */
#ifndef TESTS_CDBFILE_H
#define TESTS_CDBFILE_H

#include <cdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct cdbfile_record {
	const char *key, *data;
};

static inline void
cdbfile_must(int good)
{
	if (!good)
		abort();
}

static inline int
cdbfile_start(struct cdb_make *make)
{
	int fd = memfd_create("cdb", MFD_CLOEXEC);

	cdbfile_must(fd != -1 && cdb_make_start(make, fd) == 0);
	return fd;
}

/* The records in their order, up to one whose key is NULL. */
static inline int
cdbfile_make(const struct cdbfile_record *records)
{
	struct cdb_make make;
	int fd = cdbfile_start(&make);

	for (const struct cdbfile_record *r = records; r->key != NULL; r++)
		cdbfile_must(
			cdb_make_add(&make, r->key, (unsigned)strlen(r->key),
				r->data, (unsigned)strlen(r->data)) == 0);
	cdbfile_must(cdb_make_finish(&make) == 0);
	return fd;
}

/* A file with just these octets. */
static inline int
cdbfile_of(const void *data, size_t len)
{
	int fd = memfd_create("cdb", MFD_CLOEXEC);

	cdbfile_must(fd != -1 && write(fd, data, len) == (ssize_t)len);
	return fd;
}

#endif
