/* page - what a report is made of, and its three forms. */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include <stdio.h>

#include "report/facts.h"
#include "report/logs.h"

struct page {
	const struct facts *facts;
	const struct logs *logs;
	int64_t now;
	const char *user, *message; /* -u, -m; or NULL */
	FILE *trace; /* lines that -u and -m ask for, for HTML; or NULL */
	struct sheet *sheet; /* room to work in */
	FILE *out;
	size_t columns; /* of the terminal */
};

void page_text(const struct page *page);
void page_html(const struct page *page);
void page_prometheus(const struct page *page);

/* Adds the time that the report is about, and its zone. */
void page_add_period(const struct page *page, struct buffer *out);

/*
 * Fills the sheet with one table after the other and has each put on the page;
 * of -m's report, with the logs alone.
 */
void page_tables(const struct page *page, void (*put)(const struct page *page));

/* How many messages, logins and so on: a name, a number, and a remark. */
struct page_figure {
	const char *name;
	char value[32], remark[120];
};
#define PAGE_FIGURES 6
void page_figures(
	const struct page *page, struct page_figure figures[PAGE_FIGURES]);

#endif
