/* tables - see tables.h. */
#include "report/tables.h"

#include <stdio.h>

#define TOP 12 /* rows of a list of names */

/* The row's value for a picture: of the row whose first cell comes next. */
static void
picture(struct sheet *sheet, uint64_t value)
{
	if (sheet_rows(sheet) < SHEET_ROWS)
		sheet->values[sheet_rows(sheet)] = value;
}

static void
note_missed(struct sheet *sheet, const struct hitters *h)
{
	if (h->missed > 0)
		sheet->note = "There were more names than are remembered: "
			      "those that occur seldom may be missing.";
}

static void
add_share(struct sheet *sheet, uint64_t part, uint64_t all)
{
	char share[16];

	(void)snprintf(share, sizeof share, "%.1f %%",
		100.0 * (double)part / (double)all);
	sheet_text(sheet, share);
}

/* -------------------------------------------------------------- people --- */

static uint64_t
messages_of(const void *row)
{
	return ((const struct account *)row)->messages;
}

static void
fill_senders(struct sheet *sheet, const struct facts *f)
{
	static const char *const heads[] = {"Login", ">Messages", ">Recipients",
		">Size", ">Logins", ">Networks", "Last seen", NULL};
	const void *rows[TOP];
	size_t count = hitters_top(&f->accounts, messages_of, rows, TOP);

	sheet_begin(sheet, "senders", "Largest senders", heads);
	sheet->unit = "messages";
	note_missed(sheet, &f->accounts);
	for (size_t i = 0; i < count; i++) {
		const struct account *a = rows[i];

		picture(sheet, a->messages);
		sheet_value(sheet, hitters_key(a));
		sheet_number(sheet, a->messages);
		sheet_number(sheet, a->recipients);
		sheet_octets(sheet, a->octets);
		sheet_number(sheet, a->logins);
		sheet_number(sheet, a->networks_most);
		sheet_time(sheet, a->last);
	}
}

static uint64_t
guesses_of(const void *row)
{
	const struct guesser *g = row;

	return g->hitter.weight + g->refused;
}

static void
fill_guessers(struct sheet *sheet, const struct hitters *from, const char *id,
	const char *title, const char *what)
{
	const char *const heads[] = {what, ">Failed logins", ">Names tried",
		">Turned away", ">Logins after", "Last seen", NULL};
	const void *rows[TOP];
	size_t count = hitters_top(from, guesses_of, rows, TOP);

	sheet_begin(sheet, id, title, heads);
	sheet->unit = "failed logins";
	note_missed(sheet, from);
	for (size_t i = 0; i < count; i++) {
		const struct guesser *g = rows[i];

		picture(sheet, g->hitter.weight);
		sheet_value(sheet, hitters_key(g));
		sheet_number(sheet, g->hitter.weight);
		if (g->names_count == GUESSER_NAMES)
			sheet_prefix(sheet, ">= ");
		sheet_number(sheet, g->names_count);
		sheet_number(sheet, g->refused);
		sheet_number(sheet, g->logins);
		sheet_time(sheet, g->last);
	}
}

static void
fill_addresses(struct sheet *sheet, const struct facts *f)
{
	fill_guessers(sheet, &f->addresses, "addresses",
		"Failed logins by address", "Address");
}

static void
fill_networks(struct sheet *sheet, const struct facts *f)
{
	fill_guessers(sheet, &f->networks, "networks",
		"Failed logins by network", "Network");
}

static uint64_t
failures_of(const void *row)
{
	return ((const struct account *)row)->failures;
}

static void
fill_failures(struct sheet *sheet, const struct facts *f)
{
	static const char *const heads[] = {"Login", ">Failed logins",
		">Logins", ">Messages", "Last seen", NULL};
	const void *rows[TOP];
	size_t count = hitters_top(&f->accounts, failures_of, rows, TOP);

	sheet_begin(sheet, "failures", "Failed logins by name", heads);
	sheet->unit = "failed logins";
	note_missed(sheet, &f->accounts);
	for (size_t i = 0; i < count; i++) {
		const struct account *a = rows[i];

		picture(sheet, a->failures);
		sheet_value(sheet, hitters_key(a));
		sheet_number(sheet, a->failures);
		sheet_number(sheet, a->logins);
		sheet_number(sheet, a->messages);
		sheet_time(sheet, a->last);
	}
}

static void
fill_limits(struct sheet *sheet, const struct facts *f)
{
	static const char *const heads[] = {"Login", ">Recipients refused",
		">Limit a day", ">Recipients", NULL};
	const void *rows[TOP];
	size_t count = hitters_top(&f->accounts, account_over_limit, rows, TOP);

	sheet_begin(sheet, "limits", "Over relaylimits", heads);
	for (size_t i = 0; i < count; i++) {
		const struct account *a = rows[i];

		sheet_value(sheet, hitters_key(a));
		sheet_number(sheet, a->over_limit);
		sheet_number(sheet, a->limit);
		sheet_number(sheet, a->recipients);
	}
}

/* --------------------------------------------------------------- words --- */

static uint64_t
sum_of(const struct hitters *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < h->count; i++)
		sum += hitters_weight(hitters_row(h, i));
	return sum;
}

/* which: the head of the column of words. */
static void
begin_words(struct sheet *sheet, const char *id, const char *title,
	const char *which)
{
	const char *const heads[] = {"What", which, ">Times", ">Share", NULL};

	sheet_begin(sheet, id, title, heads);
	sheet->unit = "times";
}

static void
add_words(struct sheet *sheet, const struct facts *f, enum facts_words list,
	const char *name)
{
	const struct hitters *h = &f->words[list];
	const void *rows[TOP];
	size_t found = hitters_top(h, hitters_weight, rows, TOP);
	uint64_t all = sum_of(h);

	for (size_t i = 0; i < found; i++) {
		picture(sheet, hitters_weight(rows[i]));
		sheet_text(sheet, name);
		sheet_value(sheet, hitters_key(rows[i]));
		sheet_number(sheet, hitters_weight(rows[i]));
		add_share(sheet, hitters_weight(rows[i]), all);
	}
}

static void
fill_ways(struct sheet *sheet, const struct facts *f)
{
	begin_words(sheet, "ways", "Mechanisms, TLS, ports", "Which");
	add_words(sheet, f, WORDS_MECHANISM, "mechanism of logins");
	add_words(sheet, f, WORDS_LOGIN_TLS, "TLS of logins");
	add_words(sheet, f, WORDS_TLS_VERSION, "TLS of connections");
	add_words(sheet, f, WORDS_CIPHER, "cipher");
	add_words(sheet, f, WORDS_PORT, "port");
	add_words(sheet, f, WORDS_PROXY, "through balancer");
}

static void
fill_refusals(struct sheet *sheet, const struct facts *f)
{
	begin_words(sheet, "refusals", "Refusals by reason", "Why");
	sheet->note = "docs/symptoms.md says what each reason means.";
	add_words(sheet, f, WORDS_AUTH_FAIL, "auth fail");
	add_words(sheet, f, WORDS_AUTH_REFUSED, "auth refused");
	add_words(sheet, f, WORDS_AUTH_TEMP, "auth temp");
	add_words(sheet, f, WORDS_CONNECT_REFUSED, "connect refused");
	add_words(sheet, f, WORDS_TLS_FAIL, "tls fail");
	add_words(sheet, f, WORDS_SENDER_REFUSED, "sender refused");
	add_words(sheet, f, WORDS_RCPT_REFUSED, "rcpt refused");
	add_words(sheet, f, WORDS_MESSAGE_REFUSED, "message refused");
	add_words(sheet, f, WORDS_MESSAGE_TEMP, "message temp");
}

static void
fill_ends(struct sheet *sheet, const struct facts *f)
{
	begin_words(sheet, "ends", "How connections ended", "Why");
	add_words(sheet, f, WORDS_END, "end");
}

/* ------------------------------------------------------------- numbers --- */

static void
fill_steps(struct sheet *sheet, const struct spread *spread,
	const uint64_t *steps, void (*cell)(struct sheet *, uint64_t))
{
	uint64_t from = 0;

	for (size_t i = 0; spread->count > 0 && from <= spread->most &&
			   (i == 0 || steps[i - 1] != 0);
		i++) {
		uint64_t to = steps[i] == 0 ? UINT64_MAX : steps[i];
		uint64_t count = spread_between(spread, from, to);
		picture(sheet, count);
		sheet_prefix(sheet, to == UINT64_MAX ? "from " : "below ");
		cell(sheet, to == UINT64_MAX ? from : to);
		sheet_number(sheet, count);
		add_share(sheet, count, spread->count);
		from = to;
	}
}

/* Powers of two: there a step of the spread begins. */
static void
fill_sizes(struct sheet *sheet, const struct facts *f)
{
	static const char *const heads[] = {
		"Size", ">Messages", ">Share", NULL};
	static const uint64_t steps[] = {1 << 10, 1 << 12, 1 << 14, 1 << 16,
		1 << 18, 1 << 20, 1 << 22, 1 << 24, 0};

	sheet_begin(sheet, "sizes", "Sizes of messages", heads);
	sheet->unit = "messages";
	fill_steps(sheet, &f->sizes, steps, sheet_octets);
}

static void
fill_seconds(struct sheet *sheet, const struct facts *f)
{
	static const char *const heads[] = {
		"Duration", ">Connections", ">Share", NULL};
	static const uint64_t steps[] = {2, 10, 20, 48, 96, 192, 640, 3072, 0};

	sheet_begin(sheet, "seconds", "Durations of connections", heads);
	sheet->unit = "connections";
	fill_steps(sheet, &f->seconds, steps, sheet_tenths);
}

static void
fill_places(struct sheet *sheet, const struct facts *f)
{
	static const char *const heads[] = {"Service or host", ">Lines",
		">Messages", ">Logins", ">Failed logins", NULL};
	const void *rows[TOP];
	size_t count = hitters_top(&f->places, hitters_weight, rows, TOP);

	sheet_begin(sheet, "places", "Services and hosts", heads);
	for (size_t i = 0; i < count; i++) {
		const struct place *place = rows[i];

		sheet_value(sheet, hitters_key(place));
		sheet_number(sheet, hitters_weight(place));
		sheet_number(sheet, place->messages);
		sheet_number(sheet, place->logins);
		sheet_number(sheet, place->failures);
	}
}

void
tables_fill(struct sheet *sheet, const struct facts *facts, size_t n)
{
	static void (*const fill[TABLES])(struct sheet *,
		const struct facts *) = {fill_senders, fill_addresses,
		fill_networks, fill_failures, fill_refusals, fill_limits,
		fill_ways, fill_sizes, fill_seconds, fill_ends, fill_places};

	fill[n](sheet, facts);
}

void
tables_hours(struct sheet *sheet, const struct hours_bars *bars)
{
	static const char *const heads[] = {
		"From", ">Messages", ">Logins", ">Failed logins", NULL};

	sheet_begin(sheet, "hours", "What happened when", heads);
	for (size_t i = 0; i < bars->count; i++) {
		const struct hours_slot *slot = &bars->slots[i];

		sheet_time(sheet, bars->start + (int64_t)i * bars->width);
		for (int k = 0; k < HOURS_KINDS; k++)
			sheet_number(sheet, slot->counts[k]);
	}
}

/* What its labels say, and in which clock. */
static const char *
clock_words(const struct log_facts *log)
{
	if (log->clocks[STAMP_UTC] && log->clocks[STAMP_LOCAL])
		return "UTC and local";
	if (log->clocks[STAMP_UTC])
		return "UTC";
	if (log->clocks[STAMP_LOCAL])
		return "local, as here";
	return log->lines == 0 ? "-" : "no times";
}

void
tables_logs(struct sheet *sheet, const struct logs *logs)
{
	static const char *const heads[] = {
		"Log", ">Files", ">Lines", "From", "To", "Its times", NULL};

	sheet_begin(sheet, "logs", "Logs", heads);
	for (size_t i = 0; i < logs->count && i < SHEET_ROWS; i++) {
		const struct log_facts *log = logs_facts(logs, i);

		sheet_text(sheet, log->name);
		sheet_number(sheet, log->files);
		sheet_number(sheet, log->lines);
		sheet_time(sheet, log->first);
		sheet_time(sheet, log->last);
		sheet_text(sheet, clock_words(log));
		if (log->gone > 0)
			sheet->note = "Files were removed by their logger "
				      "before they were read.";
	}
}
