/*
 * story - what -u and -m show: the lines of the connections that were asked
 * for, and where to look for the message in the mail system's own log.
 */
#ifndef REPORT_STORY_H
#define REPORT_STORY_H

#include <stdio.h>

#include "report/facts.h"
#include "report/follow.h"

#define STORY_MESSAGES 8 /* that are told how to go on with */

struct story_message {
	char qp[24], msgid[LOG_MSGID + 1], id[LOG_VALUE + 1];
	int64_t at;
};

struct story {
	FILE *out;
	const char *user;    /* of -u: its lines are counted too; or NULL */
	struct facts *facts; /* of -u */
	uint64_t connections, found;
	size_t count;
	struct story_message messages[STORY_MESSAGES];
};

/* What follow_new() wants. */
struct follow_sink story_sink(struct story *story);

/* All lines are there: says what to search for, or that nothing was found. */
void story_finish(struct story *story, const char *what);

#endif
