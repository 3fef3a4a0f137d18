/*
 * shown - values of a log on their way to somebody's eyes. Whoever sent them
 * may have put in anything: \xHH is undone, so that a name can be read, and
 * what could act is written as \xHH again.
 */
#ifndef REPORT_SHOWN_H
#define REPORT_SHOWN_H

#include "lib/buffer.h"

enum shown {
	SHOWN_TEXT, /* for a terminal */
	SHOWN_HTML, /* for an element's content or an attribute in quotes */
	SHOWN_LABEL /* for a label's value of Prometheus */
};

/* May a terminal get letters beyond ASCII? By LC_ALL, LC_CTYPE, LANG. */
void shown_locale(void);

void shown_add(struct buffer *out, struct slice value, enum shown form);

/* The same for octets whose \xHH stands for itself. */
void shown_octets(struct buffer *out, struct slice octets, enum shown form);

/* Columns of a terminal that a text of SHOWN_TEXT takes. */
size_t shown_columns(struct slice text);

/* The front of such a text that takes at most so many columns. */
struct slice shown_cut(struct slice text, size_t columns);

#endif
