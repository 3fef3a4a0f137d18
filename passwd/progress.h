/* progress - how far long work is, on a terminal and only there. */
#ifndef PASSWD_PROGRESS_H
#define PASSWD_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what; /* NULL: nobody watches */
	size_t total;
	int64_t next; /* clock_ms() from which on it is told again */
	unsigned calls;
	unsigned shown; /* columns to be wiped */
};

/* what: "compiling"; total in any unit, not 0. */
void progress_start(struct progress *p, const char *what, size_t total);
void progress_at(struct progress *p, size_t done);
void progress_end(struct progress *p);

#endif
