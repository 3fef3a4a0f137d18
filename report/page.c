/* page - see page.h: what all forms of it have in common. */
#include "report/page.h"

#include <time.h>

#include "report/tables.h"

static void
add_zone(struct buffer *out, int64_t at)
{
	time_t time = (time_t)at;
	char text[64];
	struct tm tm;

	if (localtime_r(&time, &tm) != NULL &&
		strftime(text, sizeof text, ", times in %Z (UTC%z)", &tm) > 0)
		buffer_add_text(out, text);
}

void
page_add_period(const struct page *page, struct buffer *out)
{
	const struct facts *f = page->facts;

	if (f->dated == 0) {
		buffer_add_text(out, "no line with a time");
		return;
	}
	sheet_add_time(out, f->first, SHEET_MINUTE);
	buffer_add_text(out, " to ");
	sheet_add_time(out, f->last, SHEET_MINUTE);
	add_zone(out, f->last);
}

/* Starts a figure; what is added to the result is its remark. */
static struct buffer
figure(struct page_figure *figure, const char *name, uint64_t number)
{
	struct buffer value = BUFFER_OVER(figure->value);

	figure->name = name;
	sheet_add_number(&value, number);
	(void)buffer_string(&value);
	return (struct buffer)BUFFER_OVER(figure->remark);
}

static void
add_count(struct buffer *b, uint64_t number, const char *one, const char *many)
{
	if (number == 0)
		return;
	if (b->len > 0)
		buffer_add_text(b, ", ");
	sheet_add_count(b, number, one, many);
}

static void
add_part(struct buffer *b, uint64_t number, const char *what)
{
	add_count(b, number, what, what);
}

static void
end(struct buffer *b)
{
	if (buffer_string(b) == NULL)
		b->data[b->cap - 1] = '\0';
}

static void
add_spread(struct buffer *b, const struct spread *spread,
	void (*add)(struct buffer *, uint64_t))
{
	if (spread->count == 0)
		return;
	buffer_add_text(b, "median ");
	add(b, spread_below(spread, 500));
	buffer_add_text(b, ", 99 of 100 up to ");
	add(b, spread_below(spread, 990));
}

static void
figure_octets(struct page_figure *to, const struct facts *f)
{
	struct buffer value = BUFFER_OVER(to->value);
	struct buffer remark = BUFFER_OVER(to->remark);

	to->name = "Size";
	sheet_add_octets(&value, f->octets);
	end(&value);
	add_spread(&remark, &f->sizes, sheet_add_octets);
	end(&remark);
}

void
page_figures(const struct page *page, struct page_figure figures[PAGE_FIGURES])
{
	const struct facts *f = page->facts;
	const uint64_t *events = f->events;
	struct buffer b =
		figure(&figures[0], "Messages", events[EVENT_MESSAGE_OK]);

	add_count(&b, f->recipients, " recipient", " recipients");
	add_part(&b, events[EVENT_MESSAGE_REFUSED], " refused");
	add_part(&b, events[EVENT_MESSAGE_TEMP], " put off");
	end(&b);
	figure_octets(&figures[1], f);
	b = figure(&figures[2], "Logins", events[EVENT_AUTH_OK]);
	end(&b);
	b = figure(&figures[3], "Failed logins", events[EVENT_AUTH_FAIL]);
	add_part(&b, events[EVENT_AUTH_REFUSED], " refused");
	add_part(&b, events[EVENT_AUTH_CANCEL], " cancelled");
	add_part(&b, events[EVENT_AUTH_TEMP], " could not be checked");
	end(&b);
	b = figure(&figures[4], "Connections", events[EVENT_CONNECT]);
	add_part(&b, events[EVENT_CONNECT_REFUSED], " turned away");
	add_part(&b, events[EVENT_TLS_FAIL], " failed in TLS");
	if (b.len > 0 && f->seconds.count > 0)
		buffer_add_text(&b, "; ");
	add_spread(&b, &f->seconds, sheet_add_tenths);
	end(&b);
	b = figure(
		&figures[5], "Recipients refused", events[EVENT_RCPT_REFUSED]);
	add_count(&b, events[EVENT_SENDER_REFUSED], " sender refused",
		" senders refused");
	end(&b);
}

void
page_tables(const struct page *page, void (*put)(const struct page *page))
{
	for (size_t i = 0; page->message == NULL && i < TABLES; i++) {
		tables_fill(page->sheet, page->facts, i);
		put(page);
	}
	tables_logs(page->sheet, page->logs);
	put(page);
}
