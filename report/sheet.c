/* sheet - see sheet.h. */
#include "report/sheet.h"

#include <stdio.h>
#include <time.h>

void
sheet_begin(struct sheet *sheet, const char *id, const char *title,
	const char *const *heads)
{
	sheet->id = id;
	sheet->title = title;
	sheet->note = sheet->unit = NULL;
	sheet->text = (struct buffer){sheet->store, 0, SHEET_TEXT, false};
	sheet->cells = sheet->columns = sheet->start = 0;
	while (heads[sheet->columns] != NULL) {
		sheet->heads[sheet->columns] = heads[sheet->columns];
		sheet->columns++;
	}
}

size_t
sheet_rows(const struct sheet *sheet)
{
	return sheet->cells / sheet->columns;
}

/* What was added to the store since the last cell is one. */
static void
end_cell(struct sheet *sheet)
{
	struct slice text =
		slice_from(buffer_slice(&sheet->text), sheet->start);

	sheet->start = sheet->text.len;
	if (sheet->cells < SHEET_ROWS * sheet->columns)
		sheet->cell[sheet->cells++] = text;
}

void
sheet_prefix(struct sheet *sheet, const char *text)
{
	buffer_add_text(&sheet->text, text);
}

void
sheet_value(struct sheet *sheet, struct slice value)
{
	buffer_add_slice(&sheet->text, value);
	end_cell(sheet);
}

void
sheet_text(struct sheet *sheet, const char *text)
{
	sheet_value(sheet, slice_of(text));
}

void
sheet_number(struct sheet *sheet, uint64_t number)
{
	sheet_add_number(&sheet->text, number);
	end_cell(sheet);
}

void
sheet_octets(struct sheet *sheet, uint64_t octets)
{
	sheet_add_octets(&sheet->text, octets);
	end_cell(sheet);
}

void
sheet_tenths(struct sheet *sheet, uint64_t tenths)
{
	sheet_add_tenths(&sheet->text, tenths);
	end_cell(sheet);
}

void
sheet_time(struct sheet *sheet, int64_t seconds)
{
	sheet_add_time(&sheet->text, seconds, SHEET_MINUTE);
	end_cell(sheet);
}

void
sheet_add_number(struct buffer *out, uint64_t number)
{
	char digits[20];
	struct buffer b = BUFFER_OVER(digits);

	buffer_add_number(&b, number);
	for (size_t i = 0; i < b.len; i++) {
		if (i > 0 && (b.len - i) % 3 == 0)
			buffer_add_char(out, ',');
		buffer_add_char(out, digits[i]);
	}
}

void
sheet_add_count(
	struct buffer *out, uint64_t number, const char *one, const char *many)
{
	sheet_add_number(out, number);
	buffer_add_text(out, number == 1 ? one : many);
}

void
sheet_add_octets(struct buffer *out, uint64_t octets)
{
	static const char *const units[] = {
		"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	char text[40];
	double value = (double)octets;
	size_t unit = 0;

	while (value >= 999.5 && unit < 5) {
		value /= 1024;
		unit++;
	}
	(void)snprintf(text, sizeof text, "%.*f %s",
		unit > 0 && value < 9.95 ? 1 : 0, value, units[unit]);
	buffer_add_text(out, text);
}

void
sheet_add_tenths(struct buffer *out, uint64_t tenths)
{
	sheet_add_number(out, tenths / 10);
	buffer_add_char(out, '.');
	buffer_add_number(out, tenths % 10);
	buffer_add_text(out, " s");
}

/* Literals: the compiler looks into them. */
static size_t
format_time(char *out, size_t cap, const struct tm *tm, enum sheet_form form)
{
	switch (form) {
	case SHEET_SECOND:
		return strftime(out, cap, "%Y-%m-%d %H:%M:%S", tm);
	case SHEET_CLOCK:
		return strftime(out, cap, "%H:%M", tm);
	case SHEET_DAY:
		return strftime(out, cap, "%b %d", tm);
	default:
		return strftime(out, cap, "%Y-%m-%d %H:%M", tm);
	}
}

void
sheet_add_time(struct buffer *out, int64_t seconds, enum sheet_form form)
{
	time_t time = (time_t)seconds;
	char text[40];
	struct tm tm;

	if (seconds == 0 || localtime_r(&time, &tm) == NULL ||
		format_time(text, sizeof text, &tm, form) == 0)
		buffer_add_char(out, '-');
	else
		buffer_add_text(out, text);
}
