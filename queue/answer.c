/* answer - see answer.h. Run by queue-qmqp. */
#include "queue/answer.h"

#include <string.h>

/*
 * Of Postfix's qmqpd, and of mailfront without a rule that accepts us, or
 * with one that wants a login: the server's configuration, not the message.
 */
static const char *const denials[] = {
	"not authorized",
	"not configured to accept",
	"must authenticate",
};

/* Of Postfix's, which does not wait for the rest. */
static const char *const sizes[] = {
	"too large",
	"storage limit",
};

static void
feed_length(struct answer *a, char c)
{
	if (c == ':' && a->want > 0)
		a->part = ANSWER_TEXT;
	else if (c < '0' || c > '9')
		a->part = ANSWER_NONSENSE;
	else
		a->want = a->want * 10 + (size_t)(c - '0');
	/* A netstring's length does not begin with 0, and none is empty. */
	if (a->want == 0 || a->want > ANSWER_LONGEST)
		a->part = ANSWER_NONSENSE;
}

/* The first octet counts, so one that says too much is still an answer. */
static void
keep(struct answer *a, struct slice octets)
{
	size_t n = sizeof a->text - a->len;

	n = n < octets.len ? n : octets.len;
	memcpy(a->text + a->len, octets.data, n);
	a->len += n;
	a->come += octets.len;
}

void
answer_feed(struct answer *a, struct slice octets)
{
	while (octets.len > 0 && !answer_ended(a)) {
		size_t n = 1;

		if (a->part == ANSWER_LENGTH) {
			feed_length(a, octets.data[0]);
		} else if (a->part == ANSWER_TEXT) {
			n = octets.len;
			if (n >= a->want - a->come) {
				n = a->want - a->come;
				a->part = ANSWER_COMMA;
			}
			keep(a, (struct slice){octets.data, n});
		} else {
			a->part = octets.data[0] == ',' ? ANSWER_WHOLE
							: ANSWER_NONSENSE;
		}
		octets = slice_from(octets, n);
	}
}

bool
answer_ended(const struct answer *a)
{
	return a->part == ANSWER_WHOLE || a->part == ANSWER_NONSENSE;
}

struct slice
answer_text(const struct answer *a)
{
	return (struct slice){a->text, a->len};
}

static bool
has_one_of(struct slice text, const char *const *words, size_t count)
{
	for (; text.len > 0; text = slice_from(text, 1))
		for (size_t i = 0; i < count; i++)
			if (slice_starts_nocase(text, words[i]))
				return true;
	return false;
}

enum answer_meaning
answer_meaning(const struct answer *a)
{
	struct slice text = answer_text(a);

	if (a->part == ANSWER_NONSENSE || a->len == 0)
		return ANSWER_NONE;
	if (text.data[0] == 'K')
		return ANSWER_TAKEN;
	if (text.data[0] == 'Z')
		return ANSWER_NOT_NOW;
	if (text.data[0] != 'D')
		return ANSWER_NONE;
	text = slice_from(text, 1);
	if (has_one_of(text, denials, sizeof denials / sizeof *denials))
		return ANSWER_DENIED;
	if (has_one_of(text, sizes, sizeof sizes / sizeof *sizes))
		return ANSWER_TOO_LARGE;
	return ANSWER_NEVER;
}
