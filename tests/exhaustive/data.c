/*
 * Exhaustive test of session/data: every input over an alphabet up to a
 * length, in every way of cutting it, against a reference that is written from
 * the RFC and looks at the whole of it at once.
 *
 * All ways of cutting: of an automaton that has nothing but struct data, the
 * state behind the first i octets is S(i). When for every i the octets from i
 * on, fed in one piece to S(i), lead to the output and the state that the
 * octets one by one lead to, then so does every way of cutting, by induction
 * over its pieces.
 *
 * The reference, RFC 5321:
 *   2.3.8    a CR only before an LF, an LF only behind a CR; 4.5.2 and the
 *            CVEs of 2023 forbid NUL: the first octet that breaks this ends it
 *   4.1.1.4  CR LF . CR LF is the end, and so is . CR LF at the beginning
 *   4.5.2    of a line that begins with a dot the dot is removed
 *   6.3      Received and Delivered-To in the header count
 * RFC 1870: a line end counts two octets, removed dots and the end none.
 */
#include "session/data.h"

#include <strings.h>

#include "tests/exhaustive/count.h"

#define INPUT_MAX 160
#define HOPS_BEFORE (DATA_HOPS_MAX - 2)

struct outcome {
	enum data_result result;
	size_t taken; /* of the input */
	size_t loop;  /* so much was taken at DATA_LOOP; SIZE_MAX: none */
	size_t out_len;
	uint64_t octets;
	unsigned hops;
	char out[INPUT_MAX];
};

/* ----------------------------------------------------------- reference --- */

static bool
line_is_hop(const char *line, size_t len, size_t *name)
{
	static const char *const names[] = {"received:", "delivered-to:"};

	for (size_t i = 0; i < 2; i++) {
		*name = strlen(names[i]);
		if (len >= *name && strncasecmp(line, names[i], *name) == 0)
			return true;
	}
	return false;
}

/* The first octet that may not be where it is; len: none. */
static size_t
first_wrong(const char *in, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool behind_cr = i > 0 && in[i - 1] == '\r';

		if (in[i] == '\0' || behind_cr != (in[i] == '\n'))
			return i;
	}
	return len;
}

/* Where the end of data is over; SIZE_MAX: it is not there. */
static size_t
end_of_data(const char *in, size_t len)
{
	if (len >= 3 && memcmp(in, ".\r\n", 3) == 0)
		return 3;
	for (size_t i = 5; i <= len; i++)
		if (memcmp(in + i - 5, "\r\n.\r\n", 5) == 0)
			return i;
	return SIZE_MAX;
}

/* What is queued of one line, and what it counts. */
static void
refer_line(const char *line, size_t len, bool ended, bool header,
	struct outcome *o, size_t at)
{
	size_t name;

	memcpy(o->out + o->out_len, line, len);
	o->out_len += len;
	o->octets += len;
	if (ended) {
		o->out[o->out_len++] = '\n';
		o->octets += 2;
	}
	if (!header || o->hops == DATA_HOPS_MAX ||
		!line_is_hop(line, len, &name))
		return;
	if (++o->hops == DATA_HOPS_MAX)
		o->loop = at + name;
}

static void
refer(bool dots, unsigned hops, const char *in, size_t len, struct outcome *o)
{
	size_t wrong = first_wrong(in, len);
	size_t end = dots ? end_of_data(in, len) : SIZE_MAX;
	bool header = true;

	o->result = end <= wrong  ? DATA_END
		    : wrong < len ? DATA_VIOLATION
				  : DATA_MORE;
	o->taken = end <= wrong ? end : wrong;
	o->loop = SIZE_MAX;
	o->out_len = 0;
	o->octets = 0;
	o->hops = hops;
	size_t stop = end <= wrong ? end - 3 : wrong;

	for (size_t at = 0; at < stop;) {
		size_t text = 0;

		if (dots && in[at] == '.')
			at++;
		while (at + text < stop && in[at + text] != '\r')
			text++;
		bool ended = at + text + 1 < stop;

		refer_line(in + at, text, ended, header, o, at);
		if (ended && text == 0)
			header = false;
		at += text + 2;
	}
}

/* ----------------------------------------------------------- automaton --- */

/* Feeds all of a piece to d, and what it takes and gives to o. */
static void
feed(struct data *d, const char *in, size_t len, struct outcome *o)
{
	size_t at = 0, taken, out_len;

	do {
		o->result = data_feed(d, in + at, len - at, &taken,
			o->out + o->out_len, &out_len);
		if (taken > len - at || out_len > len - at)
			abort();
		at += taken;
		o->taken += taken;
		o->out_len += out_len;
		if (o->result == DATA_LOOP)
			o->loop = o->taken;
	} while (o->result == DATA_LOOP);
	o->octets = d->octets;
	o->hops = d->hops;
}

static bool
same_outcome(const struct outcome *a, const struct outcome *b)
{
	return a->result == b->result && a->taken == b->taken &&
	       a->loop == b->loop && a->octets == b->octets &&
	       a->hops == b->hops && a->out_len == b->out_len &&
	       memcmp(a->out, b->out, a->out_len) == 0;
}

static bool
same_state(const struct data *a, const struct data *b)
{
	return a->dots == b->dots && a->state == b->state &&
	       a->in_header == b->in_header &&
	       a->header_match == b->header_match && a->hops == b->hops &&
	       a->octets == b->octets;
}

/* ---------------------------------------------------------- every input --- */

/* The automaton and what it has given, behind each octet of the input. */
struct behind {
	struct data state;
	struct outcome o;
};

struct search {
	bool dots;
	unsigned hops;
	const char *const *tokens;
	const size_t *lengths;
	size_t tokens_len;
	char in[INPUT_MAX];
	struct behind behind[INPUT_MAX + 1];
};

/* BDAT's last chunk ends here. RFC 3030; the contract adds the line end. */
static void
check_finish(const struct search *s, size_t len)
{
	struct data d = s->behind[len].state;
	char out[1];
	size_t out_len;
	enum data_result result = data_finish(&d, out, &out_len);
	char last = len > 0 ? s->in[len - 1] : '\n';
	size_t added = last != '\r' && last != '\n';

	if (result != (last == '\r' ? DATA_VIOLATION : DATA_END) ||
		out_len != added || (added && out[0] != '\n'))
		count_difference("last chunk", s->in, len);
	if (data_feed(&d, "a", 1, &(size_t){0}, (char[1]){0}, &out_len) !=
		DATA_VIOLATION)
		count_difference("fed when over", s->in, len);
}

/* Octets from..len are new: the last piece may begin at each i before len. */
static void
check_octets(struct search *s, size_t len)
{
	struct outcome expected;
	struct behind next;

	refer(s->dots, s->hops, s->in, len, &expected);
	for (size_t i = len; i-- > 0;) {
		if (s->behind[i].o.result != DATA_MORE)
			continue;
		next = s->behind[i];
		feed(&next.state, s->in + i, len - i, &next.o);
		if (i + 1 == len)
			s->behind[len] = next;
		if (!same_outcome(&next.o, &expected))
			count_difference("not the RFC", s->in, len);
		if (next.o.result == DATA_MORE &&
			!same_state(&next.state, &s->behind[len].state))
			count_difference("cut", s->in, len);
	}
	if (s->behind[len - 1].o.result != DATA_MORE)
		s->behind[len] = s->behind[len - 1];
	if (!s->dots && expected.result == DATA_MORE)
		check_finish(s, len);
}

static void
append(struct search *s, size_t *len, const char *text, size_t text_len)
{
	for (size_t i = 0; i < text_len; i++) {
		s->in[(*len)++] = text[i];
		check_octets(s, *len);
	}
}

static void
try_tokens(struct search *s, size_t len, unsigned depth)
{
	count_inputs++;
	if (depth == 0)
		return;
	for (size_t i = 0; i < s->tokens_len; i++) {
		size_t longer = len;

		append(s, &longer, s->tokens[i], s->lengths[i]);
		try_tokens(s, longer, depth - 1);
	}
}

static void
begin(struct search *s, bool dots, unsigned hops)
{
	s->dots = dots;
	s->hops = hops;
	data_start(&s->behind[0].state, dots);
	s->behind[0].state.hops = hops;
	s->behind[0].o = (struct outcome){
		.hops = hops, .result = DATA_MORE, .loop = SIZE_MAX};
	if (!dots)
		check_finish(s, 0);
}

/* --------------------------------------------------------- the alphabets ---
 */

#define LENGTHS 16

struct alphabet {
	const char *what;
	const char *tokens[LENGTHS];
	size_t lengths[LENGTHS]; /* where it is not the string's */
	unsigned check, full;	 /* tokens in a row */
	unsigned hops;		 /* counted before */
};

static const struct alphabet alphabets[] = {
	{"CR LF . NUL TAB a", {"\r", "\n", ".", "\0", "\t", "a"}, {[3] = 1}, 8,
		9, 0},
	{"line ends, dots, text", {"\r\n", "\r", "\n", ".", "a"}, {0}, 7, 10,
		0},
	{"letters of Received", {"r", "e", "c", "i", "v", "d", ":", "\r\n"},
		{0}, 6, 9, HOPS_BEFORE + 1},
	{"letters of Delivered-To",
		{"d", "e", "l", "i", "v", "r", "-", "t", "o", ":"}, {0}, 5, 8,
		HOPS_BEFORE + 1},
	{"words of the header",
		{"Received", "dELIVERED-tO", "received:", "Delivered-To:", ":",
			"\r\n", "\r\n\r\n", ".", " ", "a", "Receive",
			"Delivered-T"},
		{0}, 4, 6, HOPS_BEFORE},
};

static void
test_alphabet(const struct alphabet *a, bool dots, bool full)
{
	static struct search s;
	size_t lengths[LENGTHS];
	char what[120];
	unsigned depth = full ? a->full : a->check;

	s.tokens_len = 0;
	s.tokens = a->tokens;
	s.lengths = lengths;
	for (; a->tokens[s.tokens_len] != NULL; s.tokens_len++)
		lengths[s.tokens_len] =
			a->lengths[s.tokens_len] > 0
				? a->lengths[s.tokens_len]
				: strlen(a->tokens[s.tokens_len]);
	begin(&s, dots, a->hops);
	try_tokens(&s, 0, depth);
	snprintf(what, sizeof what, "%s, %s, to %u", dots ? "DATA" : "BDAT",
		a->what, depth);
	count_check(what);
}

/*
 * In the midst of long lines, where 32 octets are looked at in one step: the
 * input at each place in such a step, and each way to cut it in two.
 */
static void
try_in_lines(bool dots, const char *in, size_t len)
{
	for (size_t before = 0; before <= 33; before++) {
		char text[INPUT_MAX] = "\r\n";
		size_t at = 2;
		struct outcome expected;

		memset(text + at, 'b', before);
		memcpy(text + at + before, in, len);
		at += before + len;
		memset(text + at, 'c', 38);
		memcpy(text + at + 38, "\r\n.\r\n", 5);
		at += 43;
		refer(dots, 0, text, at, &expected);
		for (size_t cut = 0; cut < at; cut += cut < 2 ? 2 : len + 3) {
			struct outcome o = {.loop = SIZE_MAX};
			struct data d;

			data_start(&d, dots);
			feed(&d, text, cut, &o);
			if (o.result == DATA_MORE)
				feed(&d, text + cut, at - cut, &o);
			if (!same_outcome(&o, &expected))
				count_difference("in lines", text, at);
		}
	}
}

static void
test_in_lines(bool dots, unsigned depth)
{
	static const char octets[] = "\r\n.\0\ta";
	char in[8], what[80];

	for (unsigned len = 1; len <= depth; len++) {
		unsigned long all = 1;

		for (unsigned i = 0; i < len; i++)
			all *= 6;
		for (unsigned long n = 0; n < all; n++) {
			unsigned long rest = n;

			for (unsigned i = 0; i < len; i++, rest /= 6)
				in[i] = octets[rest % 6];
			count_inputs++;
			try_in_lines(dots, in, len);
		}
	}
	snprintf(what, sizeof what, "%s, in long lines, to %u, at 34 places",
		dots ? "DATA" : "BDAT", depth);
	count_check(what);
}

/* A name with each octet in each place, and in all its cases. */
static void
test_name(const char *name)
{
	static struct search s;
	char text[16];
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++)
		for (int c = 0; c < 256; c++) {
			size_t at = 0;

			memcpy(text, name, len);
			text[i] = (char)c;
			begin(&s, true, HOPS_BEFORE + 1);
			append(&s, &at, text, len);
			count_inputs++;
		}
	for (unsigned long cases = 0; cases < 1ul << len; cases++) {
		size_t at = 0;

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(cases >> i & 1 ? bytes_lower(name[i])
							: name[i]);
		begin(&s, true, HOPS_BEFORE + 1);
		append(&s, &at, text, len);
		count_inputs++;
	}
	count_check(name);
}

int
main(int argc, char **argv)
{
	bool full = count_full(argc, argv);

	for (size_t i = 0; i < sizeof alphabets / sizeof *alphabets; i++)
		for (int dots = 0; dots < 2; dots++)
			test_alphabet(&alphabets[i], dots, full);
	for (int dots = 0; dots < 2; dots++)
		test_in_lines(dots, full ? 6 : 4);
	test_name("RECEIVED:");
	test_name("DELIVERED-TO:");
	return tap_done();
}
