/* attention - see attention.h. */
#include "report/attention.h"

#include <stdio.h>
#include <string.h>

#include "report/sheet.h"

#define MANY_NETWORKS 5	 /* of one account on one day */
#define MANY_NAMES 5	 /* that one address tried */
#define MANY_FAILURES 20 /* of one address */
#define EACH 6		 /* findings of one kind that are told one by one */

struct search {
	const struct facts *facts;
	struct finding *findings;
	size_t count, *counts;
};

const char *
attention_word(enum attention kind)
{
	static const char *const words[ATTENTIONS] = {"entered", "burst",
		"networks", "certificate", "config", "died", "lost", "temp",
		"limit", "guess", "clear"};

	return words[kind];
}

/*
 * A new one, whose words are added to detail. Without room for it they come to
 * nothing.
 */
static struct buffer
find(struct search *s, enum attention kind, struct slice what)
{
	if (s->count == ATTENTION_MOST)
		return (struct buffer){.overflow = true};
	struct finding *finding = &s->findings[s->count++];

	*finding = (struct finding){.kind = kind, .what = what};
	/* One octet stays for the end: all else is zeros. */
	return (struct buffer){
		finding->detail, 0, sizeof finding->detail - 1, false};
}

/* Counts the rows with a value, and picks those that are told one by one. */
static size_t
pick(struct search *s, enum attention kind, const struct hitters *h,
	uint64_t (*value)(const void *row), const void *rows[EACH])
{
	for (size_t i = 0; i < h->count; i++)
		s->counts[kind] += value(hitters_row(h, i)) > 0;
	return hitters_top(h, value, rows, EACH);
}

static void
tell_guesser(struct buffer *b, const struct guesser *g)
{
	sheet_add_count(b, g->hitter.weight, " failed login", " failed logins");
	if (g->names_count == 1) {
		buffer_add_text(b, ", always the same name");
	} else if (g->names_count > 1) {
		buffer_add_text(b, " as ");
		sheet_add_number(b, g->names_count);
		buffer_add_text(b, g->names_count == GUESSER_NAMES
					   ? " names or more"
					   : " names");
	}
	if (g->last != 0) {
		buffer_add_text(b, ", last ");
		sheet_add_time(b, g->last, SHEET_MINUTE);
	}
}

static bool
has_entered(const struct guesser *g)
{
	return g->logins > 0 && g->names_count >= MANY_NAMES;
}

static uint64_t
entered_of(const void *row)
{
	const struct guesser *g = row;

	return has_entered(g) ? g->hitter.weight : 0;
}

static uint64_t
guesses_of(const void *row)
{
	const struct guesser *g = row;
	bool guesses = g->names_count >= MANY_NAMES ||
		       g->hitter.weight >= MANY_FAILURES;

	return guesses && !has_entered(g) ? g->hitter.weight : 0;
}

static void
find_guessers(struct search *s, enum attention kind,
	uint64_t (*value)(const void *row))
{
	const void *rows[EACH];
	size_t count = pick(s, kind, &s->facts->addresses, value, rows);

	for (size_t i = 0; i < count; i++) {
		const struct guesser *g = rows[i];
		struct buffer b = find(s, kind, hitters_key(g));

		tell_guesser(&b, g);
		if (kind != ATTENTION_ENTERED)
			continue;
		buffer_add_text(&b, "; then it got in, as ");
		buffer_add_text(&b, g->entered);
	}
}

static uint64_t
burst_of(const void *row)
{
	const struct account *a = row;

	return a->day.burst > 0 ? a->day.burst : a->hour.burst;
}

static void
find_bursts(struct search *s)
{
	const void *rows[EACH];
	size_t count =
		pick(s, ATTENTION_BURST, &s->facts->accounts, burst_of, rows);

	for (size_t i = 0; i < count; i++) {
		const struct account *a = rows[i];
		bool day = a->day.burst > 0;
		const struct rate *rate = day ? &a->day : &a->hour;
		struct buffer b = find(s, ATTENTION_BURST, hitters_key(a));

		buffer_add_text(&b, "began to send far more than before: ");
		sheet_add_count(&b, rate->burst, " recipient", " recipients");
		buffer_add_text(
			&b, day ? " on the day from " : " in the hour from ");
		sheet_add_time(&b, rate->burst_at, SHEET_MINUTE);
		buffer_add_text(&b, ", usually ");
		sheet_add_number(&b, rate->usual);
	}
}

static uint64_t
networks_of(const void *row)
{
	const struct account *a = row;

	return a->networks_most >= MANY_NETWORKS ? a->networks_most : 0;
}

static void
find_networks(struct search *s)
{
	const void *rows[EACH];
	size_t count = pick(
		s, ATTENTION_NETWORKS, &s->facts->accounts, networks_of, rows);

	for (size_t i = 0; i < count; i++) {
		const struct account *a = rows[i];
		struct buffer b = find(s, ATTENTION_NETWORKS, hitters_key(a));

		buffer_add_text(&b, "logged in from ");
		sheet_add_number(&b, a->networks_most);
		buffer_add_text(&b, a->networks_most == ACCOUNT_NETWORKS
					    ? " networks or more on one day"
					    : " networks on one day");
	}
}

static void
find_limits(struct search *s)
{
	const void *rows[EACH];
	size_t count = pick(s, ATTENTION_LIMIT, &s->facts->accounts,
		account_over_limit, rows);

	for (size_t i = 0; i < count; i++) {
		const struct account *a = rows[i];
		struct buffer b = find(s, ATTENTION_LIMIT, hitters_key(a));

		sheet_add_count(&b, a->over_limit, " recipient", " recipients");
		buffer_add_text(&b, " over relaylimits, which allows ");
		sheet_add_number(&b, a->limit);
		buffer_add_text(&b, " a day");
	}
}

static uint64_t
certificate_of(const void *row)
{
	struct slice key = hitters_key(row);

	return memmem(key.data, key.len, "servercert", 10) == NULL
		       ? 0
		       : hitters_weight(row);
}

static uint64_t
config_of(const void *row)
{
	return certificate_of(row) > 0 ? 0 : hitters_weight(row);
}

static void
find_config(struct search *s, enum attention kind,
	uint64_t (*value)(const void *row))
{
	const void *rows[EACH];
	size_t count =
		pick(s, kind, &s->facts->words[WORDS_CONFIG], value, rows);

	for (size_t i = 0; i < count; i++) {
		struct slice key = hitters_key(rows[i]);
		size_t at = slice_find(key, ' ');
		struct buffer b = find(s, kind, (struct slice){key.data, at});

		if (at < key.len)
			buffer_add_slice(&b, slice_from(key, at + 1));
		buffer_add_text(&b, " (config fail, ");
		sheet_add_count(
			&b, hitters_weight(rows[i]), " line)", " lines)");
	}
}

static uint64_t
weight_of(const struct facts *facts, enum facts_words list, const char *word)
{
	const void *row = hitters_find(&facts->words[list], slice_of(word));

	return row == NULL ? 0 : hitters_weight(row);
}

/* A sum over all: one finding. */
static void
find_sum(struct search *s, enum attention kind, uint64_t sum, const char *one,
	const char *many)
{
	if (sum == 0)
		return;
	struct buffer b = find(s, kind, slice_of(""));

	s->counts[kind]++;
	sheet_add_count(&b, sum, one, many);
}

static void
find_sums(struct search *s)
{
	static const char *const deaths[] = {
		"session-died", "channel", "overdue", "jail"};
	const struct facts *f = s->facts;
	uint64_t died = 0;

	for (size_t i = 0; i < sizeof deaths / sizeof *deaths; i++)
		died += weight_of(f, WORDS_END, deaths[i]);
	find_sum(s, ATTENTION_DIED, died,
		" connection ended as none should (see: ends)",
		" connections ended as none should (see: ends)");
	find_sum(s, ATTENTION_LOST, f->lost,
		" line of the log was lost: its logger did not read",
		" lines of the log were lost: their logger did not read");
	find_sum(s, ATTENTION_TEMP, f->events[EVENT_MESSAGE_TEMP],
		" message could not be taken, and was put off",
		" messages could not be taken, and were put off");
	find_sum(s, ATTENTION_TEMP, f->events[EVENT_AUTH_TEMP],
		" login could not be checked", " logins could not be checked");
}

static void
count_others(struct search *s)
{
	size_t told[ATTENTIONS] = {0};

	for (size_t i = 0; i < s->count; i++) {
		enum attention kind = s->findings[i].kind;
		bool last =
			i + 1 == s->count || s->findings[i + 1].kind != kind;

		told[kind]++;
		s->findings[i].more = last ? s->counts[kind] - told[kind] : 0;
	}
}

size_t
attention_find(const struct facts *facts,
	struct finding findings[ATTENTION_MOST], size_t counts[ATTENTIONS])
{
	struct search s = {facts, findings, 0, counts};

	memset(counts, 0, ATTENTIONS * sizeof *counts);
	find_guessers(&s, ATTENTION_ENTERED, entered_of);
	find_bursts(&s);
	find_networks(&s);
	find_config(&s, ATTENTION_CERTIFICATE, certificate_of);
	find_config(&s, ATTENTION_CONFIG, config_of);
	find_sums(&s);
	find_limits(&s);
	find_guessers(&s, ATTENTION_GUESS, guesses_of);
	find_sum(&s, ATTENTION_CLEAR, weight_of(facts, WORDS_LOGIN_TLS, "none"),
		" login without TLS, unless a helper did it",
		" logins without TLS, unless a helper did it");
	count_others(&s);
	return s.count;
}
