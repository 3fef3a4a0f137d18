/*
 * follow - the connections that -u and -m ask for. What is asked for shows
 * only in a later line of a connection, so the lines of each are kept until
 * it ends: a few kB each, and never more than FOLLOW_ALL of them together.
 */
#ifndef REPORT_FOLLOW_H
#define REPORT_FOLLOW_H

#include "report/logs.h"

#define FOLLOW_ALL (32 * 1024 * 1024) /* octets */

struct follow;

/* Where the lines of a connection that was asked for go, in their order. */
struct follow_sink {
	void (*begin)(
		void *context, const struct record *record, struct slice place);
	/* found: it is one of those that were looked for */
	void (*line)(void *context, const struct record *record,
		struct slice place, bool found);
	/* so many lines in between were not kept */
	void (*gap)(void *context, uint64_t lines);
	void *context;
};

/* One of the two is asked for, the other is NULL. NULL without memory. */
struct follow *follow_new(
	const char *user, const char *message, struct follow_sink sink);

/* Returns 0, or -1 without memory. */
int follow_take(
	struct follow *follow, const struct record *record, struct slice place);

/* No more lines: connections that have not ended come out, too. */
void follow_finish(struct follow *follow);

#endif
