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
report_slice(struct slice text)
{
	return report_text("%.*s", (int)text.len, text.data);
}

void
report_add_printable(struct buffer *b, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.data[i];

		buffer_add_char(b, c >= ' ' && c <= '~' ? c : '?');
	}
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

/*
 * What others wrote may hold anything, and a terminal obeys some of it. A
 * command keeps what is not ASCII, or it would name another file.
 */
static void
add_shown(struct buffer *b, const char *text, bool command)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c >= ' ' && c != 0x7f && (c < 0x7f || command))
			buffer_add_char(b, *text);
		else
			buffer_add_escaped(b, (struct slice){text, 1}, 4);
	}
}

static void
add_filled(struct buffer *b, const char *text, const char *value, bool command)
{
	for (; *text != '\0'; text++)
		if (*text == '%')
			add_shown(b, value == NULL ? "" : value, command);
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

static struct buffer *collected_fails, *collected_warnings;

void
report_collect(struct buffer *fails, struct buffer *warnings)
{
	collected_fails = fails;
	collected_warnings = warnings;
}

static void
collect(bool fatal, const char *what, const char *text, const char *where)
{
	struct buffer *all = fatal ? collected_fails : collected_warnings;
	char item[REPORT_LINE * 2];
	struct buffer b = BUFFER_OVER(item);

	buffer_add_text(&b, all->len > 0 ? "; " : "");
	buffer_add_text(&b, what);
	buffer_add_text(&b, ": ");
	buffer_add_text(&b, text);
	if (where != NULL) {
		buffer_add_text(&b, " (");
		add_shown(&b, where, false);
		buffer_add_char(&b, ')');
	}
	const char *whole = ended(&b);
	size_t room = all->cap - all->len, len = strlen(whole);

	buffer_add(all, whole, len < room ? len : room);
}

static void
put(const char *level, const char *what, const char *text, const char *where)
{
	char shown[REPORT_LINE];
	struct buffer b = BUFFER_OVER(shown);

	(void)printf("%-4s %s: %s", level, what, text);
	if (where == NULL)
		return;
	add_shown(&b, where, false);
	(void)printf(" (%s)", ended(&b));
}

void
report_ok(const char *what, const char *where, const char *format, ...)
{
	char text[REPORT_LINE], shown[REPORT_LINE];
	struct buffer b = BUFFER_OVER(shown);
	va_list arguments;

	if (collected_fails != NULL)
		return;
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments); /* may be cut */
	va_end(arguments);
	add_shown(&b, text, false);
	put("ok", what, ended(&b), where);
	(void)putchar('\n');
}

static void
put_cure(const char *cure, const char *subject)
{
	char text[REPORT_LINE * 2];
	struct buffer b = BUFFER_OVER(text);

	if (cure != NULL) {
		add_filled(&b, cure, subject, true);
		(void)printf("; cure: %s", ended(&b));
	}
	(void)putchar('\n');
}

void
report_add(struct report *r, enum finding finding, const char *where,
	const char *value, const char *subject)
{
	const struct finding_row *row = &findings[finding];
	bool collecting = collected_fails != NULL;
	bool fatal = row->fatal || (collecting && finding == HOST_NOT_RUNNING);
	char text[REPORT_LINE];
	struct buffer b = BUFFER_OVER(text);

	add_filled(&b, row->text, value, false);
	if (collecting) {
		collect(fatal, row->what, ended(&b), where);
	} else {
		put(fatal ? "FAIL" : "warn", row->what, ended(&b), where);
		put_cure(row->cure, subject);
	}
	if (fatal)
		r->fails++;
	else
		r->warnings++;
}
