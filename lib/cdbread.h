/*
 * cdbread - look a key up in a constant database with pread(2) alone.
 *
 * No mmap: a file cut short in place is a BROKEN result here, not a SIGBUS.
 * Every offset and length from the file is checked before it is used, and a
 * search is bounded by the number of slots of one table. When a key occurs
 * twice the first record wins. Format: https://cr.yp.to/cdb/cdb.txt
 */
#ifndef LIB_CDBREAD_H
#define LIB_CDBREAD_H

#include "lib/bytes.h"

#define CDBREAD_KEY_MAX 1024 /* longer keys are MISSING */

enum cdbread_result {
	CDBREAD_FOUND,
	CDBREAD_MISSING,
	CDBREAD_BROKEN /* corrupt, truncated, unreadable, or data over cap */
};

/*
 * Looks key up in the file open on fd. On FOUND the record's data are in
 * out[0 .. *len).
 */
enum cdbread_result cdbread_find(
	int fd, struct slice key, char *out, size_t cap, size_t *len);

/*
 * Calls wants_more(context, key) for each record, in the order in which they
 * were written, until it returns false; a key is cut at CDBREAD_KEY_MAX.
 * *records counts the calls. A file of no octet has no record. 0, or -1 when
 * the file is corrupt.
 */
int cdbread_keys(int fd, bool (*wants_more)(void *context, struct slice key),
	void *context, size_t *records);

#endif
