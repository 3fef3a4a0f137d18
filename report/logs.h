/*
 * logs - the lines of all logs that were named, in the order of their times.
 *
 * A log is a file, standard input ("-"), or a directory as multilog, svlogd
 * and s6-log keep it: @*.s, @*.u and current, in this order; or a service
 * directory, with log/main in it. While a directory is read its files may be
 * renamed or removed, and a new current begun: no line is read twice, and none
 * is left out but those that are gone.
 */
#ifndef REPORT_LOGS_H
#define REPORT_LOGS_H

#include "report/line.h"
#include "report/stamp.h"

/* A line of ours, until the next call. */
struct record {
	struct stamp stamp;
	struct slice text; /* as it stands in the log, without its label */
	size_t log;	   /* its number */
	struct line line;
};

struct log_source;

struct logs {
	struct log_source *sources;
	size_t count;
	int64_t since; /* what is older need not be read, INT64_MIN: all */
	uint64_t lines, foreign;    /* all that were read; other programs' */
	const char *fault;	    /* the name of what could not be read */
	struct log_source *current; /* whose lines come, until limit */
	struct stamp limit;
	bool alone; /* there is no other: no limit */
};

/* What is known of one of them. */
struct log_facts {
	const char *name;     /* as it was given */
	const char *service;  /* the part of it that tells services apart */
	uint64_t lines;	      /* of ours */
	uint64_t files, gone; /* gone: removed before it was read */
	int64_t first, last;  /* 0: no time is known */
	bool clocks[STAMP_CLOCKS];
};

/*
 * Opens them all; no name is standard input. Returns 0, or -1 with errno and
 * logs->fault.
 */
int logs_open(struct logs *logs, char *const *names, size_t count, int64_t now);

/* The next line; NULL at the end, or with errno and logs->fault. */
const struct record *logs_next(struct logs *logs);

const struct log_facts *logs_facts(const struct logs *logs, size_t log);

#endif
