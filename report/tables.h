/* tables - the tables of a report, as both pages show them. */
#ifndef REPORT_TABLES_H
#define REPORT_TABLES_H

#include "report/facts.h"
#include "report/sheet.h"

#define TABLES 11

/* Fills the sheet with table number n; it may have no rows. */
void tables_fill(struct sheet *sheet, const struct facts *facts, size_t n);

/* The messages, logins and failures of each bar. */
void tables_hours(struct sheet *sheet, const struct hours_bars *bars);

/* The logs that were read. */
void tables_logs(struct sheet *sheet, const struct logs *logs);

#endif
