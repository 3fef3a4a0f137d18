/* html - a report as one page: see page.h. */
#include "report/page.h"

void
page_html(const struct page *page)
{
	(void)fputs("<!doctype html>\n", page->out);
}
