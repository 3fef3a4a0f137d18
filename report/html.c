/* html - a report as one page: see page.h. */
#include "report/page.h"

#include "report/attention.h"
#include "report/chart.h"
#include "report/tables.h"

static const char head[] =
	"<!doctype html>\n<html lang=\"en\">\n<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" "
	"content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width, "
	"initial-scale=1\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n"
	"<meta name=\"robots\" content=\"noindex\">\n"
	"<title>smtpd-auth: report</title>\n<style>\n"
	":root{--ink:#1b1f23;--soft:#52585f;--paper:#fff;--card:#f5f7f9;"
	"--line:#d8dde2;--bar:#0072b2;--warn:#a33d00}\n"
	"@media screen and (prefers-color-scheme:dark){:root{--ink:#e8eaed;"
	"--soft:#a3abb4;--paper:#15181c;--card:#1e2328;--line:#353c44;"
	"--bar:#56b4e9;--warn:#f0954a}}\n"
	"*{box-sizing:border-box}\n"
	"body{margin:0 auto;max-width:80rem;padding:1.5rem 1rem 3rem;"
	"background:var(--paper);color:var(--ink);"
	"font:15px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.6rem;line-height:1.2;margin:0}\n"
	"h2{font-size:1.1rem;margin:0 0 .75rem}\n"
	"p{margin:.25rem 0;color:var(--soft)}\n"
	"section{margin-top:2.25rem}\n"
	".look{border-left:4px solid var(--warn);background:var(--card);"
	"padding:.9rem 1.1rem}\n"
	".look.well{border-color:var(--bar)}\n"
	".look ul{list-style:none;margin:0;padding:0}\n"
	".look li{padding:.25rem 0;overflow-wrap:anywhere}\n"
	".look em{font-style:normal;font-size:.8em;font-weight:600;"
	"border:1px solid currentColor;border-radius:3px;padding:0 .35em;"
	"margin-right:.5em;color:var(--warn)}\n"
	".figures{display:grid;gap:.75rem;"
	"grid-template-columns:repeat(2,minmax(0,1fr))}\n"
	".figures div{background:var(--card);padding:.75rem .9rem}\n"
	".figures b{display:block;font-size:1.5rem;line-height:1.3;"
	"font-variant-numeric:tabular-nums}\n"
	".figures span{color:var(--soft);font-size:.85rem}\n"
	".pair{display:grid;gap:1.25rem 2.25rem;"
	"grid-template-columns:minmax(0,1fr)}\n"
	"@media (min-width:36rem){.figures{"
	"grid-template-columns:repeat(3,minmax(0,1fr))}}\n"
	"@media (min-width:62rem){[aria-labelledby=hours-h]{"
	"max-height:23rem}.figures{"
	"grid-template-columns:repeat(6,minmax(0,1fr))}"
	".pair{grid-template-columns:minmax(0,1fr) minmax(0,2fr)}}\n"
	".pair>*{min-width:0}\n"
	".table{overflow:auto}\n"
	"table{border-collapse:collapse;width:100%;font-size:.875rem;"
	"font-variant-numeric:tabular-nums}\n"
	"th,td{text-align:left;padding:.3rem 1rem .3rem 0;"
	"border-bottom:1px solid var(--line);vertical-align:top}\n"
	"td{white-space:nowrap}thead th{vertical-align:bottom}\n"
	"th:last-child,td:last-child{padding-right:.2rem}\n"
	"thead th{color:var(--soft);font-weight:600;position:sticky;top:0;"
	"background:var(--paper)}\n"
	"tbody th{font-weight:400;overflow-wrap:anywhere;min-width:12rem}\n"
	".n{text-align:right}\n"
	"svg{display:block}\n"
	".rows text{font:13px system-ui,sans-serif;fill:var(--ink)}\n"
	".rows .b{fill:var(--bar)}.rows .z{fill:var(--card)}\n"
	"pre{background:var(--card);padding:.9rem;overflow-x:auto;"
	"font-size:.8rem}\n"
	"@media print{body{max-width:none;padding:0;font-size:11px}"
	"section{margin-top:1.2rem}.table{max-height:none!important;"
	"overflow:visible}"
	"thead th{position:static}tr,svg,.look li{break-inside:avoid}"
	"h2{break-after:avoid}.rows .z{fill:none}"
	"*{print-color-adjust:exact;-webkit-print-color-adjust:exact}"
	"pre{white-space:pre-wrap;overflow-wrap:anywhere}}\n"
	"</style>\n</head>\n<body>\n";

static void
put_cell(const struct page *page, size_t cell)
{
	const struct sheet *sheet = page->sheet;
	size_t column = cell % sheet->columns;
	const char *tag = column == 0 ? "th" : "td";

	(void)fprintf(page->out, "<%s%s%s>", tag,
		column == 0 ? " scope=\"row\"" : "",
		*sheet->heads[column] == '>' ? " class=\"n\"" : "");
	chart_put(page->out, sheet->cell[cell]);
	(void)fprintf(page->out, "</%s>", tag);
}

/* tabindex: who has no mouse scrolls it, too. */
static void
put_table(const struct page *page)
{
	const struct sheet *sheet = page->sheet;

	(void)fprintf(page->out,
		"<div class=\"table\" tabindex=\"0\" role=\"region\" "
		"aria-labelledby=\"%s-h\"><table>\n<thead><tr>",
		sheet->id);
	for (size_t c = 0; c < sheet->columns; c++) {
		bool number = *sheet->heads[c] == '>';

		(void)fprintf(page->out, "<th scope=\"col\"%s>%s</th>",
			number ? " class=\"n\"" : "", sheet->heads[c] + number);
	}
	(void)fputs("</tr></thead>\n<tbody>\n", page->out);
	for (size_t i = 0; i < sheet->cells; i++) {
		if (i % sheet->columns == 0)
			(void)fputs("<tr>", page->out);
		put_cell(page, i);
		if (i % sheet->columns == sheet->columns - 1)
			(void)fputs("</tr>\n", page->out);
	}
	(void)fputs("</tbody>\n</table></div>\n", page->out);
}

static void
begin_section(const struct page *page, const char *id, const char *title)
{
	(void)fprintf(
		page->out, "<section>\n<h2 id=\"%s-h\">%s</h2>\n", id, title);
}

static void
put_sheet(const struct page *page)
{
	const struct sheet *sheet = page->sheet;

	if (sheet->cells == 0)
		return;
	begin_section(page, sheet->id, sheet->title);
	if (sheet->unit != NULL) {
		(void)fputs("<div class=\"pair\">\n", page->out);
		chart_rows(page->out, sheet);
	}
	put_table(page);
	if (sheet->unit != NULL)
		(void)fputs("</div>\n", page->out);
	if (sheet->note != NULL)
		(void)fprintf(page->out, "<p>%s</p>\n", sheet->note);
	(void)fputs("</section>\n", page->out);
}

static void
put_finding(const struct page *page, const struct finding *finding)
{
	(void)fprintf(
		page->out, "<li><em>%s</em>", attention_word(finding->kind));
	if (finding->what.len > 0) {
		(void)fputs("<b>", page->out);
		chart_put(page->out, finding->what);
		(void)fputs("</b>: ", page->out);
	}
	chart_put(page->out, slice_of(finding->detail));
	(void)fputs("</li>\n", page->out);
}

static void
put_attention(const struct page *page)
{
	static struct finding findings[ATTENTION_MOST];
	size_t counts[ATTENTIONS];
	size_t count = attention_find(page->facts, findings, counts);

	(void)fprintf(page->out,
		"<section class=\"look%s\">\n<h2>Needs attention</h2>\n",
		count == 0 ? " well" : "");
	if (count == 0)
		(void)fputs("<p>Nothing.</p>\n", page->out);
	else
		(void)fputs("<ul>\n", page->out);
	for (size_t i = 0; i < count; i++) {
		const struct finding *f = &findings[i];

		put_finding(page, f);
		if (f->more > 0)
			(void)fprintf(page->out,
				"<li>and %zu more of this kind</li>\n",
				f->more);
	}
	(void)fprintf(page->out, "%s</section>\n", count == 0 ? "" : "</ul>\n");
}

static void
put_figures(const struct page *page)
{
	struct page_figure figures[PAGE_FIGURES];

	page_figures(page, figures);
	(void)fputs("<section class=\"figures\">\n", page->out);
	for (size_t i = 0; i < PAGE_FIGURES; i++)
		(void)fprintf(page->out,
			"<div>%s<b>%s</b><span>%s</span></div>\n",
			figures[i].name, figures[i].value, figures[i].remark);
	(void)fputs("</section>\n", page->out);
}

static void
put_hours(const struct page *page)
{
	static struct hours_bars bars;
	const struct facts *f = page->facts;

	begin_section(page, "hours", "What happened when");
	if (f->hours.count == 0) {
		(void)fputs("<p>No message, login or failed login with a time."
			    "</p>\n</section>\n",
			page->out);
		return;
	}
	hours_bars(&f->hours, f->first, f->last, &bars);
	tables_hours(page->sheet, &bars);
	(void)fputs("<div class=\"pair\">\n", page->out);
	chart_hours(page->out, &bars);
	put_table(page);
	(void)fputs("</div>\n</section>\n", page->out);
}

/* The lines stand in a file, as a terminal would get them: printable ASCII. */
static void
put_trace(const struct page *page)
{
	int c;

	if (page->trace == NULL)
		return;
	begin_section(page, "lines", "Lines of the log");
	(void)fputs("<pre tabindex=\"0\">", page->out);
	rewind(page->trace);
	while ((c = getc(page->trace)) != EOF) {
		const char *text = c == '<'   ? "&lt;"
				   : c == '>' ? "&gt;"
				   : c == '&' ? "&amp;"
					      : NULL;

		if (text != NULL)
			(void)fputs(text, page->out);
		else
			(void)putc(c, page->out);
	}
	(void)fputs("</pre>\n</section>\n", page->out);
}

static void
put_header(const struct page *page)
{
	char text[256];
	struct buffer b = BUFFER_OVER(text);

	page_add_period(page, &b);
	(void)fputs("<header>\n<h1>smtpd-auth</h1>\n", page->out);
	if (page->message == NULL) {
		(void)fputs("<p>", page->out);
		chart_put(page->out, buffer_slice(&b));
		(void)fputs("</p>\n", page->out);
	}
	if (page->user != NULL || page->message != NULL) {
		(void)fprintf(page->out, "<p>%s: <b>",
			page->user != NULL ? "Only what this login did"
					   : "What was looked for");
		chart_put(page->out,
			slice_of(page->user != NULL ? page->user
						    : page->message));
		(void)fputs("</b></p>\n", page->out);
	}
	(void)fputs("</header>\n<main>\n", page->out);
}

void
page_html(const struct page *page)
{
	(void)fputs(head, page->out);
	put_header(page);
	if (page->message == NULL) {
		put_attention(page);
		put_figures(page);
		put_hours(page);
	}
	page_tables(page, put_sheet);
	put_trace(page);
	(void)fputs("</main>\n</body>\n</html>\n", page->out);
}
