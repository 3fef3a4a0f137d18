/*
 * chart - the pictures of a page, as SVG: bars that get wider with the page,
 * and texts that don't. Each has a title and a description; the same numbers
 * stand in a table beside it.
 */
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include "report/page.h"
#include "report/sheet.h"

/* Adds a value of the log to a page; that of a sheet's cell, too. */
void chart_put(FILE *out, struct slice value);

/* Messages, logins and failures, one below the other. */
void chart_hours(FILE *out, const struct hours_bars *bars);

/* A bar for each row of the sheet, with the first columns for its name. */
void chart_rows(FILE *out, const struct sheet *sheet);

#endif
