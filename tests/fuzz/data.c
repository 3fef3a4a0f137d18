/*
 * Fuzz target of session/data: the automaton, fed whole, octet by octet and
 * cut where the input says, against a reference that goes through the message
 * line by line without hurry. For libFuzzer; see README.
 *
 * Parsers: session/data.c
 */
#include "session/data.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>
#include <strings.h>

/* The first octet of the input. */
#define FLAG_DOTS 1	/* DATA, else BDAT */
#define FLAG_HOPS 2	/* starts just below DATA_HOPS_MAX */
#define FLAG_ALPHABET 4 /* few octets, those that matter */

/* The next two: where it is cut. */
#define HEADER 3

struct outcome {
	enum data_result result;
	size_t taken, out_len;
	uint64_t octets;
	unsigned hops;
	char *out;
};

struct message {
	bool dots;
	const char *text;
	size_t len;
	size_t hops; /* octets at its beginning that are all alike */
};

static void
require(bool good)
{
	if (!good)
		abort();
}

/* -------------------------------------------------------------- reference ---
 */

static bool
is_hop(const char *line, size_t len)
{
	static const char *const names[] = {"Received:", "Delivered-To:"};

	for (size_t i = 0; i < 2; i++)
		if (len == strlen(names[i]) &&
			strncasecmp(line, names[i], len) == 0)
			return true;
	return false;
}

/* What one line may be: where it ends, or what is wrong with it. */
static enum data_result
refer_line(const struct message *m, size_t *at, bool *header, struct outcome *o)
{
	const char *line = o->out + o->out_len;
	size_t text = 0;

	if (m->dots && *at < m->len && m->text[*at] == '.') {
		++*at;
		if (*at + 1 < m->len && m->text[*at] == '\r' &&
			m->text[*at + 1] == '\n') {
			*at += 2;
			return DATA_END;
		}
		/* No more than the start of an end. */
		if (*at + 1 == m->len && m->text[*at] == '\r')
			return ++*at, DATA_MORE;
		if (*at < m->len && m->text[*at] == '\r')
			return ++*at, DATA_VIOLATION;
	}
	for (; *at < m->len; ++*at) {
		char c = m->text[*at];

		if (c == '\0' || c == '\n')
			return DATA_VIOLATION;
		if (c == '\r')
			break;
		o->out[o->out_len++] = c;
		o->octets++;
		text++;
		if (*header && is_hop(line, text) && ++o->hops == DATA_HOPS_MAX)
			return ++*at, DATA_LOOP;
	}
	if (*at == m->len || ++*at == m->len)
		return DATA_MORE;
	if (m->text[*at] != '\n')
		return DATA_VIOLATION;
	++*at;
	o->out[o->out_len++] = '\n';
	o->octets += 2;
	if (text == 0)
		*header = false;
	return DATA_MORE;
}

static void
refer(const struct message *m, struct outcome *o)
{
	bool header = true;

	o->result = DATA_MORE;
	while (o->result == DATA_MORE && o->taken < m->len)
		o->result = refer_line(m, &o->taken, &header, o);
	if (m->dots || o->result != DATA_MORE)
		return;
	if (m->len > 0 && m->text[m->len - 1] == '\r') {
		o->result = DATA_VIOLATION;
		return;
	}
	if (m->len > 0 && m->text[m->len - 1] != '\n')
		o->out[o->out_len++] = '\n';
	o->result = DATA_END;
}

/* -------------------------------------------------------------- automaton ---
 */

/* Memory for pieces: each stands at the end of it, where ASan looks. */
struct room {
	char *in, *out;
	size_t cap;
};

static enum data_result
feed_piece(struct data *d, const struct room *room, const char *text,
	size_t len, struct outcome *o)
{
	char *in = room->in + room->cap - len;
	char *out = room->out + room->cap - len;
	size_t taken, out_len;
	enum data_result result;

	memcpy(in, text, len);
	result = data_feed(d, in, len, &taken, out, &out_len);
	require(taken <= len && out_len <= len);
	require(result != DATA_MORE || taken == len);
	memcpy(o->out + o->out_len, out, out_len);
	o->out_len += out_len;
	o->taken += taken;
	return result;
}

/* A first piece, then pieces of that size. */
static void
automaton(const struct message *m, size_t first, size_t size, struct outcome *o)
{
	struct data d;
	size_t out_len, at = 0, want = first, cap = m->len + 1;
	struct room room = {malloc(cap), malloc(cap), cap};

	data_start(&d, m->dots);
	o->result = DATA_MORE;
	while (o->result == DATA_MORE && at < m->len) {
		if (want > m->len - at)
			want = m->len - at;
		o->result = feed_piece(&d, &room, m->text + at, want, o);
		at += want;
		want = size;
	}
	if (!m->dots && o->result == DATA_MORE) {
		o->result = data_finish(&d, o->out + o->out_len, &out_len);
		require(out_len <= 1);
		o->out_len += out_len;
	}
	o->octets = d.octets;
	o->hops = d.hops;
	free(room.in);
	free(room.out);
}

static void
compare(const struct message *m, const struct outcome *a, size_t first,
	size_t size)
{
	struct outcome b = {.out = malloc(m->len + 1)};

	automaton(m, m->hops + first, size, &b);
	require(a->result == b.result);
	require(a->taken == b.taken);
	require(a->octets == b.octets && a->hops == b.hops);
	require(a->out_len == b.out_len);
	require(memcmp(a->out, b.out, a->out_len) == 0);
	free(b.out);
}

/* ------------------------------------------------------------------ input ---
 */

/* Makes the message that the input stands for; the caller frees it. */
static struct message
message_of(unsigned flags, const uint8_t *data, size_t len)
{
	static const char alphabet[8] = "\r\n.\r\n:a";
	static const char hop[] = "Received:\r\n";
	size_t hops = flags & FLAG_HOPS ? DATA_HOPS_MAX - 2 : 0;
	char *text = malloc(hops * strlen(hop) + len + 1), *at = text;

	for (size_t i = 0; i < hops; i++)
		at = mempcpy(at, hop, strlen(hop));
	for (size_t i = 0; i < len; i++)
		*at++ = flags & FLAG_ALPHABET ? alphabet[data[i] % 8]
					      : (char)data[i];
	return (struct message){flags & FLAG_DOTS, text, (size_t)(at - text),
		hops * strlen(hop)};
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len < HEADER)
		return 0;
	struct message m = message_of(data[0], data + HEADER, len - HEADER);
	struct outcome o = {.out = malloc(m.len + 1)};
	size_t rest = m.len - m.hops;

	refer(&m, &o);
	compare(&m, &o, rest + 1, 1);
	compare(&m, &o, 1, 1);
	compare(&m, &o, rest == 0 ? 1 : data[1] % rest + 1, m.len + 1);
	compare(&m, &o, data[1] + 1u, data[2] % 40 + 1u);
	free(o.out);
	free((char *)m.text);
	return 0;
}
