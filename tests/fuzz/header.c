/*
 * Fuzz target of session/header: the automaton, fed whole, octet by octet and
 * cut where the input says, against a reference that goes through the message
 * line by line without hurry. For libFuzzer; see README.
 *
 * Parsers: session/header.c
 */
#include "session/header.h"

#include <string.h>
#include <strings.h>

#include "lib/buffer.h"
#include "tests/fuzz/fuzz.h"

/* The first octet of the input. */
#define FLAG_COMPLETES 1
#define FLAG_WORDS 2 /* of those that matter */

/* The next two: where it is cut. */
#define HEADER 3

#define DATE "Date: Thu, 01 Jan 1970 00:00:00 +0000\n"
#define ID "7.8.9@mx.example"

static const struct header_origin origin = {
	{"7.8.9", 5}, {"mx.example", 10}, 0};

struct outcome {
	struct buffer out, id;
};

static void
require(bool good)
{
	if (!good)
		abort();
}

static struct buffer
room(size_t cap)
{
	return (struct buffer){calloc(1, cap), 0, cap, false};
}

/* -------------------------------------------------------------- reference ---
 */

struct seen {
	bool any, date, id, dkim;
};

/* Where the colon of a field is; 0 when the line is none. */
static size_t
colon_of(const char *line, size_t len)
{
	size_t name = 0, at;

	while (name < len && line[name] > ' ' && line[name] <= '~' &&
		line[name] != ':')
		name++;
	for (at = name; at < len && (line[at] == ' ' || line[at] == '\t'); at++)
		;
	return name > 0 && at < len && line[at] == ':' && at < HEADER_LINE_MAX
		       ? at
		       : 0;
}

static bool
is_named(const char *line, size_t colon, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(line, name, len) == 0 &&
	       strspn(line + len, " \t") == colon - len;
}

static size_t
line_end(const char *text, size_t len, size_t at)
{
	const char *end = memchr(text + at, '\n', len - at);

	return end == NULL ? len : (size_t)(end - text) + 1;
}

/* The value of a Message-ID from at on, in all its lines. */
static void
refer_id(const char *text, size_t len, size_t at, struct buffer *id)
{
	struct buffer value = room(len + 1);
	bool skip = false;

	for (; at < len; at++) {
		bool line_start = text[at - 1] == '\n';

		if (line_start && text[at] != ' ' && text[at] != '\t')
			break;
		skip = line_start; /* a fold's first blank */
		if (!skip)
			buffer_add_char(&value, text[at]);
	}
	size_t from = 0;

	while (from < value.len && strchr(" \t\n", value.data[from]) != NULL &&
		value.data[from] != '\0')
		from++;
	bool bracket = from < value.len && value.data[from] == '<';

	for (from += bracket; from < value.len; from++) {
		char c = value.data[from];

		if (bracket ? c == '>' : c == ' ' || c == '\t' || c == '\n')
			break;
		if (c != '\n' && id->len < CHANNEL_MSGID_MAX)
			buffer_add_char(id, c);
	}
	free(value.data);
}

static void
refer_added(const struct seen *s, struct outcome *o)
{
	if (!s->date)
		buffer_add_text(&o->out, DATE);
	if (!s->id) {
		buffer_add_text(&o->out, "Message-ID: <" ID ">\n");
		buffer_add_text(&o->id, ID);
	}
}

static void
refer(const char *text, size_t len, bool completes, struct outcome *o)
{
	struct seen s = {false};
	size_t at = 0, next;

	for (; at < len; at = next) {
		size_t colon = colon_of(text + at, len - at);
		bool blank = text[at] == ' ' || text[at] == '\t';

		next = line_end(text, len, at);
		if (text[at] == '\n' || (blank ? !s.any : colon == 0))
			break;
		if (blank)
			continue;
		s.any = true;
		if (is_named(text + at, colon, "message-id") && !s.id) {
			s.id = true;
			refer_id(text, len, at + colon + 1, &o->id);
		}
		s.date = s.date || is_named(text + at, colon, "date");
		s.dkim = s.dkim || is_named(text + at, colon, "dkim-signature");
	}
	buffer_add(&o->out, text, at);
	size_t before = o->out.len;

	if (completes && !s.dkim)
		refer_added(&s, o);
	bool joins =
		!s.any && at < len && (text[at] == ' ' || text[at] == '\t');

	if (joins || (o->out.len > before && at < len && text[at] != '\n'))
		buffer_add_char(&o->out, '\n');
	buffer_add(&o->out, text + at, len - at);
}

/* -------------------------------------------------------------- automaton ---
 */

static void
feed_piece(struct header *h, const char *text, size_t len, struct buffer *out)
{
	char *copy = calloc(1, len == 0 ? 1 : len);
	struct slice rest = {copy, len}, piece;

	memcpy(copy, text, len);
	while (header_next(h, &rest, &piece)) {
		require(piece.len > 0);
		buffer_add_slice(out, piece);
	}
	require(rest.len == 0);
	free(copy);
}

/* A first piece, then pieces of that size. */
static void
automaton(const char *text, size_t len, bool completes, size_t first,
	size_t size, struct outcome *o)
{
	struct header h;
	struct slice none = {"", 0}, piece;
	size_t n = first;

	memset(&h, 0xaa, sizeof h);
	header_start(&h, completes ? &origin : NULL);
	for (size_t at = 0; at < len; at += n, n = size) {
		if (at > 0)
			n = size;
		if (n > len - at)
			n = len - at;
		feed_piece(&h, text + at, n, &o->out);
	}
	header_end(&h);
	feed_piece(&h, "", 0, &o->out);
	header_end(&h);
	require(!header_next(&h, &none, &piece));
	buffer_add_slice(&o->id, header_message_id(&h));
}

static void
compare(struct slice m, const struct outcome *a, bool completes, size_t first,
	size_t size)
{
	struct outcome b = {room(a->out.cap), room(a->id.cap)};

	automaton(m.data, m.len, completes, first, size, &b);
	require(!b.out.overflow);
	require(slice_equal(buffer_slice(&a->out), buffer_slice(&b.out)));
	require(slice_equal(buffer_slice(&a->id), buffer_slice(&b.id)));
	free(b.out.data);
	free(b.id.data);
}

/* ------------------------------------------------------------------ input ---
 */

/* Makes the message that the input stands for; the caller frees it. */
static struct buffer
message_of(unsigned flags, const uint8_t *data, size_t len)
{
	static const char *const words[16] = {"Date", "Message-ID",
		"DKIM-Signature", ":", "\n", " ", "<a@b>", "x", "\n\n", "\n ",
		": <", ">\n", "Subject: x\n", "\t", "\x80", "<"};
	struct buffer b = room(16 * len + 1);

	for (size_t i = 0; i < len; i++) {
		/* Neither comes out of the automaton of DATA. */
		char c = data[i] == '\0' || data[i] == '\r' ? '\n'
							    : (char)data[i];

		if (flags & FLAG_WORDS)
			buffer_add_text(&b, words[data[i] % 16]);
		else
			buffer_add_char(&b, c);
	}
	return b;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < HEADER)
		return 0;
	struct buffer m = message_of(data[0], data + HEADER, len - HEADER);
	bool completes = data[0] & FLAG_COMPLETES;
	size_t cap = m.len + HEADER_ADDED_MAX;
	struct outcome o = {room(cap), room(cap)};
	struct slice text = buffer_slice(&m);

	refer(m.data, m.len, completes, &o);
	require(!o.out.overflow);
	compare(text, &o, completes, m.len + 1, 1);
	compare(text, &o, completes, 1, 1);
	compare(text, &o, completes, m.len == 0 ? 1 : data[1] % m.len + 1,
		m.len + 1);
	compare(text, &o, completes, data[1] + 1u, data[2] % 40 + 1u);
	free(o.out.data);
	free(o.id.data);
	free(m.data);
	return 0;
}
