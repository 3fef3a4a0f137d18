/* text - a report for a terminal: see page.h. */
#include "report/page.h"

#include <string.h>

#include "report/attention.h"
#include "report/shown.h"
#include "report/tables.h"

#define GAP 2	      /* columns between two of a table */
#define BAR 24	      /* columns of the largest bar */
#define NAME_LEAST 24 /* columns that a name keeps */
#define ROOM 8192     /* octets of a value that are shown */

/* A value as a terminal may get it, in room. */
static struct slice
as_text(struct slice value, char room[ROOM])
{
	struct buffer b = {room, 0, ROOM, false};

	shown_add(&b, value, SHOWN_TEXT);
	return buffer_slice(&b);
}

static void
put_slice(FILE *out, struct slice text)
{
	(void)fwrite(text.data, 1, text.len, out);
}

static void
put_value(FILE *out, struct slice value)
{
	char room[ROOM];

	put_slice(out, as_text(value, room));
}

static void
put_blanks(FILE *out, size_t count)
{
	while (count-- > 0)
		(void)putc(' ', out);
}

static const char *
head_of(const struct sheet *sheet, size_t column, bool *number)
{
	const char *head = sheet->heads[column];

	*number = *head == '>';
	return *number ? head + 1 : head;
}

/* Which columns are shown, and how wide they are. */
struct layout {
	size_t widths[SHEET_COLUMNS];
	size_t count, used; /* used: of the terminal's */
};

static size_t
width_of(const struct sheet *sheet, size_t column)
{
	bool number;
	size_t width = strlen(head_of(sheet, column, &number));
	char room[ROOM];

	for (size_t i = column; i < sheet->cells; i += sheet->columns) {
		size_t wide = shown_columns(as_text(sheet->cell[i], room));

		width = wide > width ? wide : width;
	}
	return width;
}

/*
 * Where the columns are too wide for the terminal, the widest one of names
 * gives way as far as names can still be told apart; then the last columns go.
 */
static struct layout
measure(const struct sheet *sheet, size_t columns)
{
	struct layout l = {.count = sheet->columns};
	size_t widest = 0;
	bool names = true; /* those before the first column of numbers */

	for (size_t c = 0; c < l.count; c++) {
		l.widths[c] = width_of(sheet, c);
		l.used += l.widths[c] + (c > 0 ? GAP : 0);
		names = names && *sheet->heads[c] != '>';
		if (names && l.widths[c] > l.widths[widest])
			widest = c;
	}
	size_t *name = &l.widths[widest];

	while (l.used > columns && l.used - columns + NAME_LEAST > *name &&
		l.count > widest + 2)
		l.used -= l.widths[--l.count] + GAP;
	if (l.used > columns) {
		size_t over = l.used - columns;
		size_t left =
			*name > over + NAME_LEAST ? *name - over : NAME_LEAST;

		left = left > *name ? *name : left;
		l.used -= *name - left;
		*name = left;
	}
	return l;
}

static void
put_cell(FILE *out, struct slice text, size_t width, bool number, bool last)
{
	size_t wide = shown_columns(text);
	bool cut = wide > width;

	if (cut) {
		text = shown_cut(text, width - 1);
		wide = shown_columns(text) + 1;
	}
	if (number)
		put_blanks(out, width - wide);
	put_slice(out, text);
	if (cut)
		(void)putc('~', out);
	if (!number && !last)
		put_blanks(out, width - wide);
	if (!last)
		put_blanks(out, GAP);
}

static void
put_title(FILE *out, const char *title)
{
	(void)fprintf(out, "\n%s\n", title);
	for (size_t i = strlen(title); i > 0; i--)
		(void)putc('-', out);
	(void)putc('\n', out);
}

/* A bar behind a row, where the terminal has room for it: its columns. */
static size_t
bar_of(const struct page *page, size_t row, size_t used)
{
	const struct sheet *sheet = page->sheet;
	uint64_t most = 1;

	if (sheet->unit == NULL || used + GAP + BAR > page->columns)
		return 0;
	for (size_t i = 0; i < sheet_rows(sheet); i++)
		most = sheet->values[i] > most ? sheet->values[i] : most;
	size_t length =
		(size_t)((double)sheet->values[row] * BAR / (double)most + 0.5);

	return length == 0 && sheet->values[row] > 0 ? 1 : length;
}

static void
put_row(const struct page *page, size_t row, const struct layout *l)
{
	const struct sheet *sheet = page->sheet;
	size_t bar = bar_of(page, row, l->used);
	char room[ROOM];

	for (size_t c = 0; c < l->count; c++)
		put_cell(page->out,
			as_text(sheet->cell[row * sheet->columns + c], room),
			l->widths[c], *sheet->heads[c] == '>',
			c + 1 == l->count && bar == 0);
	while (bar-- > 0)
		(void)putc('#', page->out);
	(void)putc('\n', page->out);
}

static void
put_sheet(const struct page *page)
{
	const struct sheet *sheet = page->sheet;
	bool number;

	if (sheet->cells == 0)
		return;
	put_title(page->out, sheet->title);
	struct layout l = measure(sheet, page->columns);

	for (size_t c = 0; c < l.count; c++) {
		const char *head = head_of(sheet, c, &number);

		put_cell(page->out, slice_of(head), l.widths[c], number,
			c + 1 == l.count);
	}
	(void)putc('\n', page->out);
	for (size_t i = 0; i < sheet_rows(sheet); i++)
		put_row(page, i, &l);
	if (sheet->note != NULL)
		(void)fprintf(page->out, "(%s)\n", sheet->note);
}

static void
put_attention(const struct page *page)
{
	static struct finding findings[ATTENTION_MOST];
	size_t counts[ATTENTIONS];
	size_t count = attention_find(page->facts, findings, counts);

	put_title(page->out, "Needs attention");
	for (size_t i = 0; i < count; i++) {
		struct finding *f = &findings[i];

		(void)fputs("! ", page->out);
		if (f->what.len > 0) {
			put_value(page->out, f->what);
			(void)fputs(": ", page->out);
		}
		put_value(page->out, slice_of(f->detail));
		(void)putc('\n', page->out);
		if (f->more > 0)
			(void)fprintf(page->out,
				"! and %zu more of this kind\n", f->more);
	}
	if (count == 0)
		(void)fputs("Nothing.\n", page->out);
}

static void
put_hours(const struct page *page)
{
	static struct hours_bars bars;
	const struct facts *f = page->facts;

	if (f->hours.count == 0)
		return;
	hours_bars(&f->hours, f->first, f->last, &bars);
	tables_hours(page->sheet, &bars);
	page->sheet->unit = "messages";
	for (size_t i = 0; i < bars.count; i++)
		page->sheet->values[i] = bars.slots[i].counts[HOURS_MESSAGES];
	put_sheet(page);
}

static void
put_figures(const struct page *page)
{
	struct page_figure figures[PAGE_FIGURES];

	(void)putc('\n', page->out);
	page_figures(page, figures);
	for (size_t i = 0; i < PAGE_FIGURES; i++)
		(void)fprintf(page->out, "%-18s %12s%s%s\n", figures[i].name,
			figures[i].value, *figures[i].remark ? "  " : "",
			figures[i].remark);
}

void
page_text(const struct page *page)
{
	char text[256];
	struct buffer b = BUFFER_OVER(text);

	if (page->message != NULL)
		return;
	if (page->user != NULL)
		(void)putc('\n', page->out); /* the lines stand above */
	page_add_period(page, &b);
	(void)fputs("smtpd-auth: ", page->out);
	put_slice(page->out, buffer_slice(&b));
	(void)putc('\n', page->out);
	if (page->user != NULL) {
		(void)fputs("only what the login did: ", page->out);
		put_value(page->out, slice_of(page->user));
		(void)putc('\n', page->out);
	}
	put_attention(page);
	put_figures(page);
	put_hours(page);
	page_tables(page, put_sheet);
}
