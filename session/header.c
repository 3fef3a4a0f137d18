/* header - see header.h. Run by the session. */
#include "session/header.h"

#include <string.h>

#include "lib/buffer.h"
#include "lib/date.h"

enum header_state {
	AT_LINE,    /* its first octet is to come */
	IN_NAME,    /* may be a field's; the line may be held */
	AFTER_NAME, /* blanks before the colon; likewise */
	IN_VALUE,
	ENDED, /* what is added is to come, then what was held */
	OVER
};

enum header_field {
	FIELD_OTHER = 0,
	FIELD_DATE = 1,
	FIELD_MESSAGE_ID = 2,
	FIELD_DKIM = 4
};

enum header_capture {
	CAPTURE_NONE,
	CAPTURE_BEFORE,	 /* blanks and line ends before the value */
	CAPTURE_BRACKET, /* up to the > */
	CAPTURE_BARE	 /* up to a blank or the line's end */
};

static void
copy(char *out, size_t cap, size_t *len, struct slice text)
{
	*len = text.len < cap ? text.len : cap;
	if (*len > 0)
		memcpy(out, text.data, *len);
}

void
header_start(struct header *h, const struct header_origin *origin)
{
	/* Not all of it: few messages need the large members. */
	h->state = AT_LINE;
	h->field = h->seen = 0;
	h->begun = false;
	h->capture = CAPTURE_NONE;
	h->line_len = h->message_id_len = h->added_len = h->held_len = 0;
	h->completes = origin != NULL;
	if (origin == NULL)
		return;
	h->now = origin->now;
	copy(h->id, sizeof h->id, &h->id_len, origin->id);
	copy(h->host, sizeof h->host, &h->host_len, origin->host);
}

struct slice
header_message_id(const struct header *h)
{
	return (struct slice){h->message_id, h->message_id_len};
}

/* ----------------------------------------------------------- one octet --- */

static unsigned
field_of(const struct header *h, size_t len)
{
	static const struct {
		const char *name;
		enum header_field field;
	} names[] = {{"date", FIELD_DATE}, {"message-id", FIELD_MESSAGE_ID},
		{"dkim-signature", FIELD_DKIM}};

	for (size_t i = 0; len <= sizeof h->name && i < 3; i++)
		if (slice_is((struct slice){h->name, len}, names[i].name))
			return names[i].field;
	return FIELD_OTHER;
}

/* The colon: the line is a field. */
static void
begin_value(struct header *h, size_t name_len)
{
	h->field = field_of(h, name_len);
	h->capture = CAPTURE_NONE;
	/* Of two the first counts. */
	if (h->field == FIELD_MESSAGE_ID && !(h->seen & FIELD_MESSAGE_ID))
		h->capture = CAPTURE_BEFORE;
	h->seen |= h->field;
	h->begun = true;
	h->state = IN_VALUE;
}

static void
capture(struct header *h, char c)
{
	bool end = h->capture == CAPTURE_BRACKET ? c == '>'
						 : bytes_blank(c) || c == '\n';

	if (h->capture == CAPTURE_BEFORE) {
		if (end)
			return;
		h->capture = c == '<' ? CAPTURE_BRACKET : CAPTURE_BARE;
		if (c == '<')
			return;
	} else if (end) {
		h->capture = CAPTURE_NONE;
		return;
	}
	/* Of an id that is folded within the line ends are dropped. */
	if (c != '\n' && h->message_id_len < sizeof h->message_id)
		h->message_id[h->message_id_len++] = c;
}

/* An octet before the colon. False when the line can be no field. */
static bool
name_step(struct header *h, char c)
{
	if (c == ':' && h->line_len > 0) {
		begin_value(h, h->name_len);
		return true;
	}
	if (++h->line_len >= HEADER_LINE_MAX)
		return false;
	if (bytes_blank(c)) {
		h->state = AFTER_NAME;
		return true;
	}
	if (h->state == AFTER_NAME || c <= ' ' || c > '~' || c == ':')
		return false;
	if (h->name_len < sizeof h->name)
		h->name[h->name_len] = bytes_lower(c);
	h->name_len++;
	return true;
}

/* False when the header has ended before the line that c belongs to. */
static bool
step(struct header *h, char c)
{
	switch (h->state) {
	case AT_LINE:
		if (c == '\n')
			return false;
		if (bytes_blank(c)) {
			h->state = IN_VALUE;
			return h->begun;
		}
		h->state = IN_NAME;
		h->line_len = h->name_len = 0;
		return name_step(h, c);
	case IN_NAME:
	case AFTER_NAME:
		return name_step(h, c);
	default:
		if (h->capture != CAPTURE_NONE)
			capture(h, c);
		if (c == '\n')
			h->state = AT_LINE;
		return true;
	}
}

/* ------------------------------------------------------- what is put in --- */

static void
add_lines(struct header *h, struct buffer *b)
{
	if (!(h->seen & FIELD_DATE)) {
		buffer_add_text(b, "Date: ");
		date_mail(b, h->now);
		buffer_add_char(b, '\n');
	}
	if (!(h->seen & FIELD_MESSAGE_ID)) {
		char text[CHANNEL_ID_MAX + HEADER_HOST_MAX + 1];
		struct buffer id = BUFFER_OVER(text);

		buffer_add(&id, h->id, h->id_len);
		buffer_add_char(&id, '@');
		buffer_add(&id, h->host, h->host_len);
		buffer_add_text(b, "Message-ID: <");
		buffer_add_slice(b, buffer_slice(&id));
		buffer_add_text(b, ">\n");
		copy(h->message_id, sizeof h->message_id, &h->message_id_len,
			buffer_slice(&id));
	}
}

/* next: the first octet of the line that ends it; '\0' at the message's end. */
static void
end_header(struct header *h, char next)
{
	struct buffer b = BUFFER_OVER(h->added);

	if (h->completes && !(h->seen & FIELD_DKIM))
		add_lines(h, &b);
	/* A blank first would continue the field that precedes the text. */
	bool joins = !h->begun && bytes_blank(next);

	if (joins || (b.len > 0 && next != '\n' && next != '\0'))
		buffer_add_char(&b, '\n');
	h->added_len = b.len;
	h->state = ENDED;
}

/* --------------------------------------------------------------- pieces --- */

static bool
undecided(const struct header *h)
{
	return h->state == IN_NAME || h->state == AFTER_NAME;
}

/* Adds the rest of a line to what is held of it, as far as it is undecided. */
static void
hold(struct header *h, struct slice *text)
{
	size_t n = 0;

	while (n < text->len && undecided(h)) {
		char c = text->data[n];

		if (!step(h, c)) {
			end_header(h, h->first);
			break;
		}
		h->held[h->held_len++] = c;
		n++;
	}
	*text = slice_from(*text, n);
}

static bool
emit(struct slice *out, const char *data, size_t len)
{
	*out = (struct slice){data, len};
	return len > 0;
}

/* Takes n octets of the text as they are. */
static bool
emit_text(struct slice *text, size_t n, struct slice *out)
{
	*out = (struct slice){text->data, n};
	*text = slice_from(*text, n);
	return n > 0;
}

/* Lines of the header, up to the text's end or the header's. */
static bool
emit_header(struct header *h, struct slice *text, struct slice *out)
{
	size_t line = 0, n = 0; /* where the line began; how far we are */

	while (n < text->len) {
		struct slice rest = slice_from(*text, n);

		/* A value that nobody looks at, in one step. */
		if (h->state == IN_VALUE && h->capture == CAPTURE_NONE)
			n += slice_find(rest, '\n');
		if (n == text->len)
			break;
		if (h->state == AT_LINE)
			h->first = text->data[line = n];
		if (!step(h, text->data[n])) {
			end_header(h, h->first);
			/* Mostly there is nothing to add: all in one piece. */
			if (h->added_len > 0)
				return emit_text(text, line, out) ||
				       header_next(h, text, out);
			h->state = OVER;
			return emit_text(text, text->len, out);
		}
		n++;
	}
	if (!undecided(h) || !h->completes)
		return emit_text(text, text->len, out);
	bool any = emit_text(text, line, out);

	memcpy(h->held, text->data, text->len);
	h->held_len = text->len;
	*text = slice_from(*text, text->len);
	return any;
}

bool
header_next(struct header *h, struct slice *text, struct slice *out)
{
	size_t held = h->held_len;

	if (held > 0 && undecided(h)) {
		hold(h, text);
		if (undecided(h))
			return false;
		held = h->held_len;
	}
	if (h->state == ENDED) {
		h->state = OVER;
		if (emit(out, h->added, h->added_len))
			return true;
	}
	h->held_len = 0;
	if (emit(out, h->held, held))
		return true;
	if (h->state == OVER)
		return emit_text(text, text->len, out);
	return emit_header(h, text, out);
}

bool
header_will_change(const struct header *h, struct slice out)
{
	return out.data == h->held;
}

void
header_end(struct header *h)
{
	if (h->state != ENDED && h->state != OVER)
		end_header(h, undecided(h) ? h->first : '\0');
}
