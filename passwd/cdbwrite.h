/*
 * cdbwrite - make a constant database in memory that does not grow with it.
 *
 * libcdb keeps 8 octets of each record until its end and asks nothing about
 * keys that occur twice. Here hash and place of each record go through a
 * second file, sorted by table, and a key that occurs twice is found when
 * its table is made. Format: https://cr.yp.to/cdb/cdb.txt
 */
#ifndef PASSWD_CDBWRITE_H
#define PASSWD_CDBWRITE_H

#include "lib/bytes.h"

enum cdbwrite_result {
	CDBWRITE_OK,
	CDBWRITE_FAILED, /* errno; EFBIG: over 4 GiB, which no cdb can be */
	CDBWRITE_TWICE	 /* a key is there twice; the file is of no use */
};

struct cdbwrite;

/*
 * Both files are open for reading and writing, and empty; spill is of no use
 * afterwards. NULL with errno; then cdbwrite_end().
 */
struct cdbwrite *cdbwrite_start(int fd, int spill);
enum cdbwrite_result cdbwrite_add(
	struct cdbwrite *w, struct slice key, struct slice data);
enum cdbwrite_result cdbwrite_finish(struct cdbwrite *w);
void cdbwrite_end(struct cdbwrite *w); /* NULL is none */

#endif
