/*
 * lines - the lines of one file or pipe, one after the other; gzip is undone
 * on the way (zlib). Memory is one buffer, whatever the file is.
 */
#ifndef REPORT_LINES_H
#define REPORT_LINES_H

#include <sys/types.h>

#include "lib/bytes.h"

#define LINES_BUFFER (64 * 1024)

struct lines_gzip;

struct lines {
	int fd;
	bool whole; /* only lines that end with LF: the file is being written */
	bool ended, skipping, looked;
	size_t at, len;
	size_t rest;  /* at the end: octets of a line without its LF */
	char *buffer; /* LINES_BUFFER octets */
	struct lines_gzip *gzip; /* or NULL */
};

/* Takes the descriptor. Returns 0, or -1 with errno. */
int lines_open(struct lines *lines, int fd, bool whole);

/*
 * The next line, without its end, until the next call. Lines longer than the
 * buffer are passed by. Returns 1, 0 at the end, or -1 with errno (EILSEQ:
 * damaged gzip).
 */
int lines_next(struct lines *lines, struct slice *line);

/* Where the next line begins in the file, if that is not gzip's. */
off_t lines_position(const struct lines *lines);

/* Also what has not been opened, if it is all zeros. */
void lines_close(struct lines *lines);

#endif
