/*
 * data - see data.h. Run by the session. A line's text is copied in one run;
 * only what stands at its two ends goes through the states.
 */
#include "session/data.h"

#include "lib/scan.h"

enum data_state {
	AT_START,  /* of a line */
	AFTER_DOT, /* a dot at the start of a line, held back */
	DOT_CR,	   /* that, and a CR */
	IN_TEXT,   /* of a line */
	AFTER_CR,  /* held back */
	OVER	   /* not to be fed again */
};

/* header_match: octets of a name that the line agrees with, so far. */
enum {
	MATCH_NOTHING = 0, /* the line has no octet yet */
	MATCH_RECEIVED = 0x100,
	MATCH_DELIVERED = 0x200,
	MATCH_FAILED = 0x300,
	MATCH_LENGTH = 0xff
};

static const char received[] = "received:";
static const char delivered[] = "delivered-to:";

/* Where one call of data_feed() stands. */
struct feed {
	const char *in, *end;
	char *out;
};

void
data_start(struct data *d, bool dots)
{
	*d = (struct data){.dots = dots, .state = AT_START, .in_header = true};
}

/*
 * Compares a piece of a header line with the two names. Returns how much of
 * it was looked at; with *hop the last octet of that ends a name.
 */
static size_t
match_name(struct data *d, const char *text, size_t len, bool *hop)
{
	size_t n = 0;

	*hop = false;
	if (d->header_match == MATCH_NOTHING && len > 0)
		d->header_match = bytes_lower(*text) == delivered[0]
					  ? MATCH_DELIVERED
					  : MATCH_RECEIVED;
	while (n < len && d->header_match != MATCH_FAILED) {
		const char *name = d->header_match & MATCH_DELIVERED ? delivered
								     : received;
		const char *next = name + (d->header_match & MATCH_LENGTH);

		if (bytes_lower(text[n++]) != *next) {
			d->header_match = MATCH_FAILED;
		} else if (next[1] == '\0') {
			d->header_match = MATCH_FAILED;
			*hop = true;
		} else {
			d->header_match++;
		}
	}
	return n;
}

/* Copies text of a line. In a loop it stops behind the name that is one. */
static enum data_result
take_text(struct data *d, struct feed *f)
{
	size_t len = scan_copy(f->out, f->in, (size_t)(f->end - f->in));
	enum data_result result = DATA_MORE;

	if (d->in_header && d->header_match != MATCH_FAILED) {
		bool hop;
		size_t n = match_name(d, f->in, len, &hop);

		if (hop && ++d->hops == DATA_HOPS_MAX) {
			d->in_header = false; /* told once */
			len = n;
			result = DATA_LOOP;
		}
	}
	f->in += len;
	f->out += len;
	d->octets += len;
	return result;
}

static void
end_line(struct data *d, struct feed *f)
{
	*f->out++ = '\n';
	d->octets += 2;
	/* The first empty line ends the header. */
	if (d->header_match == MATCH_NOTHING)
		d->in_header = false;
	d->header_match = MATCH_NOTHING;
	d->state = AT_START;
}

/* Text, and the CR behind it where there is one. */
static enum data_result
line_step(struct data *d, struct feed *f)
{
	enum data_result result;

	d->state = IN_TEXT;
	result = take_text(d, f);
	if (result != DATA_MORE || f->in == f->end)
		return result;
	if (*f->in != '\r')
		return DATA_VIOLATION;
	d->state = AFTER_CR;
	f->in++;
	return DATA_MORE;
}

/* Moves on in the input, by at least one octet or one state. */
static enum data_result
feed_step(struct data *d, struct feed *f)
{
	switch (d->state) {
	case AT_START:
		if (!d->dots || *f->in != '.')
			return line_step(d, f);
		d->state = AFTER_DOT;
		f->in++;
		return DATA_MORE;
	case AFTER_DOT:
		if (*f->in != '\r')
			return line_step(d, f);
		d->state = DOT_CR;
		f->in++;
		return DATA_MORE;
	case DOT_CR:
		if (*f->in != '\n')
			return DATA_VIOLATION;
		f->in++;
		return DATA_END;
	case IN_TEXT:
		return line_step(d, f);
	case AFTER_CR:
		if (*f->in != '\n')
			return DATA_VIOLATION;
		f->in++;
		end_line(d, f);
		return DATA_MORE;
	default:
		return DATA_VIOLATION;
	}
}

/*
 * Whole lines of the body, as many as there are: nearly all of a large
 * message. What is no such line is left as it is, for the steps.
 */
static void
take_lines(struct data *d, struct feed *f)
{
	struct scan lines = {f->in, f->end, f->out};

	scan_lines(&lines, d->dots ? '.' : '\0');
	d->octets += (size_t)(lines.in - f->in);
	f->in = lines.in;
	f->out = lines.out;
}

enum data_result
data_feed(struct data *d, const char *in, size_t len, size_t *taken, char *out,
	size_t *out_len)
{
	struct feed f = {in, in + len, out};
	enum data_result result = DATA_MORE;

	while (result == DATA_MORE && f.in < f.end) {
		if (d->state == AT_START && !d->in_header)
			take_lines(d, &f);
		if (f.in < f.end)
			result = feed_step(d, &f);
	}
	if (result == DATA_END || result == DATA_VIOLATION)
		d->state = OVER;
	*taken = (size_t)(f.in - in);
	*out_len = (size_t)(f.out - out);
	return result;
}

enum data_result
data_finish(struct data *d, char *out, size_t *out_len)
{
	unsigned state = d->state;

	*out_len = 0;
	d->state = OVER;
	if (state != AT_START && state != IN_TEXT)
		return DATA_VIOLATION;
	if (state == IN_TEXT)
		out[(*out_len)++] = '\n';
	return DATA_END;
}
