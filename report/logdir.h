/*
 * logdir - the files of a log directory, one after the other, as multilog,
 * svlogd and s6-log keep it, while they write to it.
 */
#ifndef REPORT_LOGDIR_H
#define REPORT_LOGDIR_H

#include <sys/types.h>

#include "report/lines.h"

#define LOGDIR_NAME 40 /* "@", 24 digits, ".s" */

struct logdir_file {
	dev_t device;
	ino_t inode;
};

struct logdir {
	int fd;	      /* of the directory */
	int current;  /* opened before the others are listed; or -1 */
	int previous; /* what current became, not finished yet; or -1 */
	bool has_current, has_previous, has_read;
	struct logdir_file file;   /* current, so that it is not read twice */
	struct logdir_file before; /* previous, now or the last time */
	struct logdir_file read;   /* the current before it, and how far */
	off_t position;
	char (*names)[LOGDIR_NAME];
	size_t count, next;
	unsigned rounds;	/* how often it was listed anew */
	char last[LOGDIR_NAME]; /* the newest of @* that has been listed */
	int64_t since;
	unsigned gone; /* files that were not there any more */
};

/*
 * Opens DIR, DIR/main or DIR/log/main, whichever is a log's directory.
 * Returns 0, or -1 with errno (ENODATA: there is no log in it).
 */
int logdir_open(struct logdir *dir, const char *path, int64_t since);

/*
 * The next file. whole says that it is being written. Returns its descriptor,
 * or -1 at the end (errno 0) or with errno.
 */
int logdir_next(struct logdir *dir, bool *whole);

/* How far the file that is being written was read. */
void logdir_left(struct logdir *dir, off_t position);

#endif
