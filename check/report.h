/*
 * report - one line a check: ok, warn or FAIL; what, value, where it came
 * from, and after a FAIL the command that cures it.
 */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include "check/findings.h"
#include "lib/buffer.h"

#define REPORT_LINE 2048 /* octets of a line, of a command */

struct report {
	unsigned fails, warnings;
};

/*
 * From here on nothing is printed: what is wrong is added to these, cut where
 * they are full. A service that does not run is a FAIL then: whoever has it
 * looked at every minute expects it to run.
 */
void report_collect(struct buffer *fails, struct buffer *warnings);

/* ok: "what: VALUE (where)". */
void report_ok(const char *what, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A row of the table; value and subject may be NULL where it has no %. */
void report_add(struct report *r, enum finding finding, const char *where,
	const char *value, const char *subject);

/* A text built by printf's rules, cut when too long; lives until the end. */
const char *report_text(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* A slice as a text; it ends at a NUL. */
const char *report_slice(struct slice text);

/* Adds what others wrote: "?" for each octet that is no printable ASCII. */
void report_add_printable(struct buffer *b, struct slice text);

/* path, in quotes when a shell would misread it. */
const char *report_quoted(const char *path);

#endif
