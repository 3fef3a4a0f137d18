/* tool - see tool.h. Run by every tool. */
#include "lib/tool.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/standard.h"

static const char *tool_name;

void
tool_start(const char *name)
{
	tool_name = name;
	if (standard_open() == -1)
		exit(tool_fatal(TOOL_TEMPORARY, "unable to open /dev/null: %s",
			strerror(errno)));
}

static void __attribute__((format(printf, 2, 0)))
say(const char *kind, const char *format, va_list list)
{
	(void)fprintf(stderr, "%s: %s: ", tool_name, kind);
	(void)vfprintf(stderr, format, list);
	(void)fputc('\n', stderr);
}

int
tool_fatal(int status, const char *format, ...)
{
	va_list list;

	(void)fflush(stdout); /* tool_leave() looks at its state */
	va_start(list, format);
	say("fatal", format, list);
	va_end(list);
	return status;
}

void
tool_warn(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say("warning", format, list);
	va_end(list);
}

_Noreturn void
tool_die_usage(const char *what)
{
	exit(tool_fatal(TOOL_USAGE, "%s; see -h", what));
}

static bool
reader_is_gone(void)
{
	struct pollfd output = {.fd = STDOUT_FILENO};

	return poll(&output, 1, 0) == 1 && (output.revents & POLLERR);
}

_Noreturn void
tool_leave(int status)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		status = TOOL_TEMPORARY;
		if (!reader_is_gone())
			(void)tool_fatal(
				status, "unable to write to standard output");
	}
	exit(status);
}

_Noreturn void
tool_print(const char *text)
{
	(void)fputs(text, stdout);
	tool_leave(0);
}
