/* chart - see chart.h. */
#include "report/chart.h"

#include <string.h>

#include "report/line.h"
#include "report/shown.h"

#define PANEL 116    /* pixels of one of three, with its title */
#define PANEL_TOP 26 /* of them above the bars */
#define PANEL_BELOW 14
#define AXIS 22		/* below all */
#define ROW 34		/* of a bar with its name above */
#define NAME_COLUMNS 38 /* letters of it */
#define LABELS 6	/* along the axis */
#define ROOM 8192	/* octets of a name that are shown */

/* show: shown_add(), or shown_octets() for what is decoded already. */
static void
put(FILE *out, struct slice value,
	void (*show)(struct buffer *, struct slice, enum shown))
{
	char text[2 * ROOM];
	struct buffer b = BUFFER_OVER(text);

	show(&b, value, SHOWN_HTML);
	(void)fwrite(b.data, 1, b.len, out);
}

void
chart_put(FILE *out, struct slice value)
{
	put(out, value, shown_add);
}

static void
put_number(FILE *out, uint64_t number)
{
	char text[32];
	struct buffer b = BUFFER_OVER(text);

	sheet_add_number(&b, number);
	(void)fwrite(b.data, 1, b.len, out);
}

static void
put_time(FILE *out, int64_t seconds, enum sheet_form form)
{
	char text[40];
	struct buffer b = BUFFER_OVER(text);

	sheet_add_time(&b, seconds, form);
	(void)fwrite(b.data, 1, b.len, out);
}

static double
percent(uint64_t part, uint64_t all)
{
	return all == 0 ? 0 : 100.0 * (double)part / (double)all;
}

/* --------------------------------------------------------------- hours --- */

static const struct {
	const char *title, *class;
} panels[HOURS_KINDS] = {
	{"Messages", "m"}, {"Logins", "l"}, {"Failed logins", "f"}};

/*
 * The picture brings its colours, so that it can stand alone: blue, green and
 * vermilion that are told apart by those who see no red or green, too.
 */
static const char hours_style[] =
	"<style>.hours text{font:12px system-ui,sans-serif;fill:#52585f}"
	".hours .t{font-weight:600;fill:#1b1f23}"
	".hours line{stroke:#c9ced4;stroke-width:1}"
	".hours .m{fill:#0072b2}.hours .l{fill:#00795a}"
	".hours .f{fill:#c24e00}"
	"@media screen and (prefers-color-scheme:dark){"
	".hours text{fill:#a3abb4}.hours .t{fill:#e8eaed}"
	".hours line{stroke:#434a52}.hours .m{fill:#56b4e9}"
	".hours .l{fill:#2fc79b}.hours .f{fill:#f0954a}}</style>\n";

static uint64_t
total(const struct hours_bars *bars, int kind)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < bars->count; i++)
		sum += bars->slots[i].counts[kind];
	return sum;
}

static const char *
width_words(int64_t width)
{
	return width == STAMP_HOUR	? "an hour"
	       : width < STAMP_DAY	? "some hours"
	       : width == STAMP_DAY	? "a day"
	       : width == 7 * STAMP_DAY ? "a week"
					: "some days";
}

static void
put_bars(FILE *out, const struct hours_bars *bars, int kind, int top)
{
	double width = 100.0 / (double)bars->count;
	const int room = PANEL - PANEL_TOP - PANEL_BELOW;

	for (size_t i = 0; i < bars->count; i++) {
		uint64_t count = bars->slots[i].counts[kind];
		double high = (double)count / (double)bars->most[kind] * room;

		if (count == 0)
			continue;
		high = high < 1 ? 1 : high;
		(void)fprintf(out,
			"<rect class=\"%s\" x=\"%.2f%%\" y=\"%.1f\" "
			"width=\"%.2f%%\" height=\"%.1f\"><title>",
			panels[kind].class, (double)i * width + width * 0.08,
			top + PANEL - PANEL_BELOW - high, width * 0.84, high);
		put_time(out, bars->start + (int64_t)i * bars->width,
			SHEET_MINUTE);
		(void)fputs(": ", out);
		put_number(out, count);
		(void)fputs("</title></rect>\n", out);
	}
}

static void
put_panel(FILE *out, const struct hours_bars *bars, int kind)
{
	int top = kind * PANEL;

	(void)fprintf(out, "<text class=\"t\" x=\"0\" y=\"%d\">%s</text>\n",
		top + 16, panels[kind].title);
	(void)fprintf(out,
		"<text x=\"100%%\" y=\"%d\" text-anchor=\"end\">"
		"at most ",
		top + 16);
	put_number(out, bars->most[kind]);
	(void)fprintf(out, " in %s</text>\n", width_words(bars->width));
	put_bars(out, bars, kind, top);
	(void)fprintf(out,
		"<line x1=\"0\" x2=\"100%%\" y1=\"%d.5\" y2=\"%d.5\"/>\n",
		top + PANEL - PANEL_BELOW, top + PANEL - PANEL_BELOW);
}

static void
put_axis(FILE *out, const struct hours_bars *bars)
{
	size_t step = (bars->count + LABELS - 1) / LABELS;
	bool days = bars->width * (int64_t)bars->count > 2 * STAMP_DAY;

	for (size_t i = 0; i < bars->count; i += step) {
		(void)fprintf(out, "<text x=\"%.2f%%\" y=\"%d\">",
			100.0 * (double)i / (double)bars->count,
			HOURS_KINDS * PANEL - PANEL_BELOW + 16);
		put_time(out, bars->start + (int64_t)i * bars->width,
			days ? SHEET_DAY : SHEET_CLOCK);
		(void)fputs("</text>\n", out);
	}
}

void
chart_hours(FILE *out, const struct hours_bars *bars)
{
	(void)fprintf(out,
		"<svg class=\"hours\" xmlns=\"http://www.w3.org/2000/svg\" "
		"width=\"100%%\" height=\"%d\" role=\"img\" "
		"aria-labelledby=\"hours-t hours-d\">\n"
		"<title id=\"hours-t\">Messages, logins and failed logins"
		"</title>\n<desc id=\"hours-d\">",
		HOURS_KINDS * PANEL + AXIS);
	for (int kind = 0; kind < HOURS_KINDS; kind++) {
		(void)fprintf(out, "%s: ", panels[kind].title);
		put_number(out, total(bars, kind));
		(void)fputs(" in all, at most ", out);
		put_number(out, bars->most[kind]);
		(void)fprintf(out, " in %s. ", width_words(bars->width));
	}
	(void)fprintf(out, "The table has all.</desc>\n%s", hours_style);
	for (int kind = 0; kind < HOURS_KINDS; kind++)
		put_panel(out, bars, kind);
	put_axis(out, bars);
	(void)fputs("</svg>\n", out);
}

/* ---------------------------------------------------------------- rows --- */

/* The cells before the first number, as the name of a row, in room. */
static struct slice
name_of(const struct sheet *sheet, size_t row, char room[ROOM])
{
	struct buffer b = {room, 0, ROOM, false};

	for (size_t c = 0; c < sheet->columns && *sheet->heads[c] != '>'; c++) {
		if (c > 0)
			buffer_add_text(&b, ": ");
		buffer_add_slice(&b, sheet->cell[row * sheet->columns + c]);
	}
	return buffer_slice(&b);
}

/* Cut by letters, so that what is cut is decoded first, and escaped last. */
static void
put_name(FILE *out, struct slice name)
{
	char text[ROOM];
	struct buffer b = BUFFER_OVER(text);

	line_decode(&b, name);
	struct slice plain = buffer_slice(&b);
	struct slice cut = shown_cut(plain, NAME_COLUMNS);

	put(out, cut, shown_octets);
	if (cut.len < plain.len)
		(void)fputs("\xe2\x80\xa6", out);
}

static void
put_row(FILE *out, const struct sheet *sheet, size_t row, uint64_t most)
{
	int top = (int)row * ROW;
	char room[ROOM];

	(void)fprintf(out, "<text x=\"0\" y=\"%d\">", top + 14);
	put_name(out, name_of(sheet, row, room));
	(void)fprintf(out,
		"</text><text class=\"n\" x=\"100%%\" y=\"%d\" "
		"text-anchor=\"end\">",
		top + 14);
	put_number(out, sheet->values[row]);
	(void)fprintf(out,
		"</text><rect class=\"z\" x=\"0\" y=\"%d\" width=\"100%%\" "
		"height=\"8\" rx=\"2\"/><rect class=\"b\" x=\"0\" y=\"%d\" "
		"width=\"%.2f%%\" height=\"8\" rx=\"2\"/>\n",
		top + 20, top + 20, percent(sheet->values[row], most));
}

void
chart_rows(FILE *out, const struct sheet *sheet)
{
	size_t rows = sheet_rows(sheet), largest = 0;
	char room[ROOM];

	for (size_t i = 0; i < rows; i++)
		if (sheet->values[i] > sheet->values[largest])
			largest = i;
	(void)fprintf(out,
		"<svg class=\"rows\" xmlns=\"http://www.w3.org/2000/svg\" "
		"width=\"100%%\" height=\"%d\" role=\"img\" "
		"aria-labelledby=\"%s-t %s-d\">\n<title id=\"%s-t\">%s"
		"</title>\n<desc id=\"%s-d\">The most %s: ",
		(int)rows * ROW, sheet->id, sheet->id, sheet->id, sheet->title,
		sheet->id, sheet->unit);
	chart_put(out, name_of(sheet, largest, room));
	(void)fputs(", ", out);
	put_number(out, sheet->values[largest]);
	(void)fputs(". The table has all.</desc>\n", out);
	for (size_t i = 0; i < rows; i++)
		put_row(out, sheet, i, sheet->values[largest]);
	(void)fputs("</svg>\n", out);
}
