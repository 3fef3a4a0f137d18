/* report - see report.h. Run by smtpd-check. */
#include "check/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keep.h"

static const char *
keep_text(const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = keep(len);

	return copy == NULL ? "" : memcpy(copy, text, len);
}

const char *
report_text(const char *format, ...)
{
	char text[REPORT_LINE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments); /* may be cut */
	va_end(arguments);
	return keep_text(text);
}

const char *
report_quoted(const char *path)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz"
				   "0123456789/._-+@:=,";

	if (*path != '\0' && path[strspn(path, safe)] == '\0')
		return path;
	char text[REPORT_LINE];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_char(&b, '\'');
	for (; *path != '\0'; path++)
		if (*path == '\'')
			buffer_add_text(&b, "'\\''");
		else
			buffer_add_char(&b, *path);
	buffer_add_char(&b, '\'');
	const char *quoted = buffer_string(&b);

	return quoted == NULL ? "" : keep_text(quoted);
}

/* What others wrote may hold anything; a terminal believes some of it. */
static void
add_shown(struct buffer *b, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c != 0x7f)
			buffer_add_char(b, *text);
		else
			buffer_add_escaped(b, (struct slice){text, 1}, 4);
	}
}

static void
add_filled(struct buffer *b, const char *text, const char *value)
{
	for (; *text != '\0'; text++)
		if (*text == '%')
			add_shown(b, value == NULL ? "" : value);
		else
			buffer_add_char(b, *text);
}

/* The text of a buffer, cut where it did not fit. */
static const char *
ended(struct buffer *b)
{
	b->data[b->len < b->cap ? b->len : b->cap - 1] = '\0';
	return b->data;
}

static void
put(const char *level, const char *what, const char *text, const char *where)
{
	(void)printf("%-4s %s: %s", level, what, text);
	if (where != NULL)
		(void)printf(" (%s)", where);
}

void
report_ok(const char *what, const char *where, const char *format, ...)
{
	char text[REPORT_LINE], shown[REPORT_LINE];
	struct buffer b = BUFFER_OVER(shown);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments); /* may be cut */
	va_end(arguments);
	add_shown(&b, text);
	put("ok", what, ended(&b), where);
	(void)putchar('\n');
}

void
report_add(struct report *r, enum finding finding, const char *where,
	const char *value, const char *subject)
{
	const struct finding_row *row = &findings[finding];
	char text[REPORT_LINE], cure[REPORT_LINE * 2];
	struct buffer b = BUFFER_OVER(text), c = BUFFER_OVER(cure);

	add_filled(&b, row->text, value);
	put(row->fatal ? "FAIL" : "warn", row->what, ended(&b), where);
	if (row->cure != NULL) {
		add_filled(&c, row->cure, subject);
		(void)printf("; cure: %s", ended(&c));
	}
	(void)putchar('\n');
	if (row->fatal)
		r->fails++;
	else
		r->warnings++;
}
