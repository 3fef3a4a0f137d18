/*
 * plugin - all that was found as one line, for Nagios and what speaks its
 * language: the state, what is wrong, and numbers behind a bar. Instead of the
 * lines of report.h, and with exit codes of its own.
 */
#ifndef CHECK_PLUGIN_H
#define CHECK_PLUGIN_H

#include "check/check.h"

#define PLUGIN_SECONDS 50 /* Nagios itself gives up after 60 */

/* The exit codes, too. */
enum plugin_state {
	PLUGIN_OK,
	PLUGIN_WARNING,
	PLUGIN_CRITICAL,
	PLUGIN_UNKNOWN
};

/* From here on nothing is printed but the one line. */
void plugin_start(void);
bool plugin_is_on(void);

/* What is checked; it has PLUGIN_SECONDS from now, then it is critical. */
void plugin_watch(const char *target);

/* milliseconds: until the server was ready for mail; -1: was not asked. */
_Noreturn void plugin_end(const struct check *c, int64_t milliseconds);

/* The line when there is nothing else to tell. */
_Noreturn void plugin_stop(enum plugin_state state, const char *text);

#endif
