/*
 * origin - of which text a cdb was made: a digest of the users' lines and of
 * the site key stands in its record "#text". Times say nothing where files
 * are put back from a backup, copied, or written by another clock.
 */
#ifndef PASSWD_ORIGIN_H
#define PASSWD_ORIGIN_H

#include <bearssl/bearssl.h>

#include "lib/buffer.h"

#define ORIGIN_MAX 64 /* octets of the record */

struct userfile_line;

struct origin {
	br_sha256_context sum;
};

void origin_start(struct origin *o);

/* A line of the text; one that is only for its reader does not count. */
void origin_add(struct origin *o, const struct userfile_line *line);

/* Appends what "#text" is to say. */
void origin_record(const struct origin *o, struct buffer *out);

enum origin_state {
	ORIGIN_SAME,  /* made of this text */
	ORIGIN_OTHER, /* of another one, or by a version that did not say */
	ORIGIN_NO_CDB,
	ORIGIN_BROKEN,
	ORIGIN_UNREADABLE /* one of the two, with errno */
};

/* Was the cdb made of this text? Reads both. */
enum origin_state origin_state(const char *text_path, const char *cdb_path);

#endif
