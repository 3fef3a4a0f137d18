/*
 * sheet - a table on its way to a page or a terminal: rows of cells, values of
 * the log among them as they stand there (shown.h shows them).
 */
#ifndef REPORT_SHEET_H
#define REPORT_SHEET_H

#include "lib/buffer.h"

#define SHEET_ROWS 64
#define SHEET_COLUMNS 8
#define SHEET_TEXT (64 * 1024)

struct sheet {
	const char *id, *title;
	const char *note;		  /* or NULL */
	const char *heads[SHEET_COLUMNS]; /* a first letter '>': numbers */
	size_t columns, cells, start;	  /* start: of the next cell's text */
	struct slice cell[SHEET_ROWS * SHEET_COLUMNS];
	uint64_t values[SHEET_ROWS]; /* what a picture shows of a row */
	const char *unit;	     /* of these; NULL: no picture */
	struct buffer text;
	char store[SHEET_TEXT];
};

/* Starts it anew. heads ends with NULL, and must outlive the sheet. */
void sheet_begin(struct sheet *sheet, const char *id, const char *title,
	const char *const *heads);

/* What the next cell begins with. */
void sheet_prefix(struct sheet *sheet, const char *text);

/* The next cell, in the next row where this one is full. */
void sheet_value(struct sheet *sheet, struct slice value);
void sheet_text(struct sheet *sheet, const char *text);
void sheet_number(struct sheet *sheet, uint64_t number);
void sheet_octets(struct sheet *sheet, uint64_t octets);
void sheet_tenths(struct sheet *sheet, uint64_t tenths); /* of a second */
void sheet_time(struct sheet *sheet, int64_t seconds);	 /* local */

size_t sheet_rows(const struct sheet *sheet);

/* Adds "1,234", "1 line", "3.4 MiB", "12.3 s". */
void sheet_add_number(struct buffer *out, uint64_t number);
void sheet_add_count(
	struct buffer *out, uint64_t number, const char *one, const char *many);
void sheet_add_octets(struct buffer *out, uint64_t octets);
void sheet_add_tenths(struct buffer *out, uint64_t tenths);

/* Adds a local time, "-" for 0. */
enum sheet_form {
	SHEET_MINUTE, /* 2026-11-28 06:27 */
	SHEET_SECOND, /* 2026-11-28 06:27:55 */
	SHEET_CLOCK,  /* 06:27 */
	SHEET_DAY     /* Nov 28 */
};
void sheet_add_time(struct buffer *out, int64_t seconds, enum sheet_form form);

#endif
