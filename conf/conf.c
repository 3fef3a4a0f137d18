/* conf - errors, warnings and paths; part of smtpd-auth-conf. */
#include "conf/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void __attribute__((format(printf, 2, 0)))
say(const char *kind, const char *format, va_list list)
{
	(void)fprintf(stderr, CONF_PROGRAM ": %s: ", kind);
	(void)vfprintf(stderr, format, list);
	(void)fputc('\n', stderr);
}

int
conf_fatal(int status, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say("fatal", format, list);
	va_end(list);
	return status;
}

void
conf_warn(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	say("warning", format, list);
	va_end(list);
}

bool
conf_harmless(const char *text)
{
	return text[0] != '\0' && text[0] != '-' &&
	       text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789._+-/")] == '\0';
}

const char *
conf_path(char out[CONF_PATH_MAX], const char *directory, const char *middle,
	const char *end)
{
	struct buffer b = {out, 0, CONF_PATH_MAX, false};

	buffer_add_text(&b, directory);
	buffer_add_text(&b, middle);
	buffer_add_text(&b, end);
	return buffer_string(&b);
}
