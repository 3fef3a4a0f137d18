/* plugin - see plugin.h. Run by smtpd-check. */
#include "check/plugin.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/certificates.h"

#define NAME "SMTPD-AUTH"

static const char *const words[] = {
	[PLUGIN_OK] = "OK",
	[PLUGIN_WARNING] = "WARNING",
	[PLUGIN_CRITICAL] = "CRITICAL",
	[PLUGIN_UNKNOWN] = "UNKNOWN",
};

static bool on;
static const char *target = "";
/* NRPE of old carries 1024 octets of all. */
static char fails_text[600], warnings_text[200];
static struct buffer fails = BUFFER_OVER(fails_text);
static struct buffer warnings = BUFFER_OVER(warnings_text);
static const char *overdue; /* the line when time is over */

void
plugin_start(void)
{
	on = true;
	report_collect(&fails, &warnings);
}

bool
plugin_is_on(void)
{
	return on;
}

/*
 * A bar would begin the numbers, and old web pages show a tag as one; what a
 * name on the command line holds may be anything.
 */
static void
add_plain(struct buffer *b, const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || strchr("|<>\x7f", *text))
			buffer_add_text(b,
				report_text("\\x%02X", (unsigned char)*text));
		else
			buffer_add_char(b, *text);
}

/* The line up to its numbers. */
static const char *
line_of(enum plugin_state state, const char *text)
{
	char line[REPORT_LINE * 4];
	struct buffer b = BUFFER_OVER(line);

	buffer_add_text(&b, report_text(NAME " %s - ", words[state]));
	add_plain(&b, target);
	buffer_add_text(&b, *target == '\0' ? "" : ": ");
	add_plain(&b, text);
	const char *whole = buffer_string(&b);

	/* Only a path on the command line is so long. */
	return whole != NULL ? report_text("%s", whole)
			     : report_text(NAME " %s - %s", words[state],
				       "too long a name");
}

static _Noreturn void
leave(enum plugin_state state)
{
	(void)putchar('\n');
	if (fflush(stdout) != 0 || ferror(stdout))
		state = PLUGIN_UNKNOWN;
	exit((int)state);
}

static void
time_is_over(int number)
{
	(void)number;
	(void)!write(STDOUT_FILENO, overdue, strlen(overdue));
	_exit(PLUGIN_CRITICAL);
}

void
plugin_watch(const char *what)
{
	target = what;
	overdue = report_text("%s\n",
		line_of(PLUGIN_CRITICAL, report_text("no end within %d seconds",
						 PLUGIN_SECONDS)));
	(void)signal(SIGALRM, time_is_over);
	(void)alarm(PLUGIN_SECONDS);
}

/* The texts may be cut; the numbers are not. */
static const char *
all_wrong(const struct check *c)
{
	return report_text("FAIL %u, warn %u: %.*s%s%.*s", c->report.fails,
		c->report.warnings, (int)fails.len, fails.data,
		fails.len > 0 && warnings.len > 0 ? "; " : "",
		(int)warnings.len, warnings.data);
}

static const char *
all_well(const struct check *c)
{
	return c->days != CHECK_NO_DAYS
		       ? report_text("%lld days of the certificate left",
				 (long long)c->days)
		       : "nothing wrong";
}

void
plugin_end(const struct check *c, int64_t milliseconds)
{
	enum plugin_state state = c->report.fails > 0	   ? PLUGIN_CRITICAL
				  : c->report.warnings > 0 ? PLUGIN_WARNING
							   : PLUGIN_OK;
	const char *bar = "|";

	(void)alarm(0);
	(void)fputs(
		line_of(state, state == PLUGIN_OK ? all_well(c) : all_wrong(c)),
		stdout);
	if (c->days != CHECK_NO_DAYS) {
		(void)printf("|days=%lld;%d:;0:", (long long)c->days,
			CERTIFICATES_WARNED);
		bar = " ";
	}
	if (milliseconds >= 0)
		(void)printf("%stime=%lldms;;;0", bar, (long long)milliseconds);
	leave(state);
}

void
plugin_stop(enum plugin_state state, const char *text)
{
	(void)alarm(0);
	(void)fputs(line_of(state, text), stdout);
	leave(state);
}
