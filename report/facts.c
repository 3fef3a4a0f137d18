/* facts - see facts.h. */
#include "report/facts.h"

#include <stdlib.h>
#include <string.h>

#define ROWS 4096
#define WORD_ROWS 256
/* One name that can log in outweighs many that were only tried. */
#define PROVEN 16

struct facts *
facts_new(void)
{
	struct facts *f = calloc(1, sizeof *f);

	if (f == NULL ||
		hitters_init(&f->accounts, sizeof(struct account), ROWS) ==
			-1 ||
		hitters_init(&f->addresses, sizeof(struct guesser), ROWS) ==
			-1 ||
		hitters_init(&f->networks, sizeof(struct guesser), ROWS) ==
			-1 ||
		hitters_init(&f->places, sizeof(struct place), WORD_ROWS) == -1)
		return NULL;
	for (size_t i = 0; i < WORDS_LISTS; i++)
		if (hitters_init(&f->words[i], sizeof(struct hitter),
			    WORD_ROWS) == -1)
			return NULL;
	return f;
}

static void
count_word(struct facts *f, enum facts_words list, struct slice word)
{
	if (word.data == NULL || word.len == 0)
		word = slice_of("?");
	(void)hitters_add(&f->words[list], word, 1);
}

static void
count_reason(struct facts *f, enum facts_words list, const struct line *line)
{
	count_word(f, list, line_value(line, "reason"));
}

/* The row of the login that the line names, or NULL. */
static struct account *
account_of(struct facts *f, const struct record *r, uint64_t weight)
{
	struct slice user = line_value(&r->line, "user");

	if (user.data == NULL || user.len == 0)
		return NULL;
	struct account *account = hitters_add(&f->accounts, user, weight);

	account->last = r->stamp.seconds;
	return account;
}

static void
note_name(struct guesser *guesser, struct slice user)
{
	uint32_t hash = hitters_hash(user);

	if (user.data == NULL || guesser->names_count == GUESSER_NAMES)
		return;
	for (unsigned i = 0; i < guesser->names_count; i++)
		if (guesser->names[i] == hash)
			return;
	guesser->names[guesser->names_count++] = hash;
}

static void
count_failure(struct facts *f, const struct record *r, bool verdict)
{
	char text[NETWORK_TEXT];
	struct slice network = account_network(r->line.address, text);
	struct guesser *rows[] = {
		hitters_add(&f->addresses, r->line.address, verdict),
		hitters_add(&f->networks, network, verdict)};

	for (size_t i = 0; i < 2; i++) {
		rows[i]->last = r->stamp.seconds;
		rows[i]->refused += !verdict;
		if (verdict)
			note_name(rows[i], line_value(&r->line, "user"));
	}
}

/* A small memory of what is open: which TLS does a login come through? */
static size_t
pid_slot(const struct record *r)
{
	return (r->line.pid ^ (uint32_t)r->log * 40503u) % FACTS_PIDS;
}

static void
note_tls(struct facts *f, const struct record *r, struct slice version)
{
	size_t at = pid_slot(r);

	f->pids[at].pid = r->line.pid;
	f->pids[at].place = (uint32_t)r->log;
	if (slice_string(version, f->pids[at].version,
		    sizeof f->pids[at].version) == -1)
		f->pids[at].version[0] = '\0';
}

static struct slice
tls_of(const struct facts *f, const struct record *r)
{
	size_t at = pid_slot(r);

	if (f->pids[at].pid != r->line.pid ||
		f->pids[at].place != (uint32_t)r->log)
		return slice_of("?"); /* its connect line was not read */
	return slice_of(
		f->pids[at].version[0] == '\0' ? "none" : f->pids[at].version);
}

static void
take_login(struct facts *f, const struct record *r)
{
	char text[NETWORK_TEXT];
	struct account *account = account_of(f, r, PROVEN);
	struct guesser *guesser = hitters_find(&f->addresses, r->line.address);

	count_word(f, WORDS_MECHANISM, line_value(&r->line, "mech"));
	count_word(f, WORDS_LOGIN_TLS, tls_of(f, r));
	if (account != NULL) {
		account->logins++;
		account_login(account, account_network(r->line.address, text),
			r->stamp.seconds);
	}
	if (guesser == NULL || guesser->hitter.weight == 0)
		return;
	guesser->logins++;
	(void)slice_string(line_value(&r->line, "user"), guesser->entered,
		sizeof guesser->entered);
}

static void
take_failure(struct facts *f, const struct record *r)
{
	struct account *account = account_of(f, r, 1);

	if (account != NULL)
		account->failures++;
	count_failure(f, r, true);
	count_reason(f, WORDS_AUTH_FAIL, &r->line);
}

static void
take_message(struct facts *f, const struct record *r)
{
	uint64_t size = line_number(&r->line, "size");
	uint64_t recipients = line_number(&r->line, "rcpts");
	struct account *account = account_of(f, r, PROVEN);

	f->octets += size;
	f->recipients += recipients;
	spread_add(&f->sizes, size);
	if (account != NULL)
		account_sent(
			account, recipients, size, r->stamp.seconds, f->first);
}

/* "reason=loop", else "exit=31" or "signal=9". */
static void
take_unsent(struct facts *f, const struct record *r, enum facts_words list)
{
	static const char *const keys[] = {"exit", "signal"};
	char text[HITTERS_KEY];
	struct buffer b = BUFFER_OVER(text);

	if (line_value(&r->line, "reason").data != NULL) {
		count_reason(f, list, &r->line);
		return;
	}
	for (size_t i = 0; i < 2; i++) {
		struct slice value = line_value(&r->line, keys[i]);

		if (value.data == NULL)
			continue;
		buffer_add_text(&b, keys[i]);
		buffer_add_char(&b, '=');
		buffer_add_slice(&b, value);
		break;
	}
	count_word(f, list, buffer_slice(&b));
}

static void
take_refused_recipient(struct facts *f, const struct record *r)
{
	struct account *account = account_of(f, r, 1);

	count_reason(f, WORDS_RCPT_REFUSED, &r->line);
	if (account == NULL ||
		!slice_is(line_value(&r->line, "reason"), "limit"))
		return;
	account->over_limit++;
	account->limit = line_number(&r->line, "limit");
}

static void
take_config(struct facts *f, const struct record *r)
{
	char text[HITTERS_KEY];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_slice(&b, line_value(&r->line, "file"));
	buffer_add_char(&b, ' ');
	buffer_add_slice(&b, line_value(&r->line, "reason"));
	count_word(f, WORDS_CONFIG, buffer_slice(&b));
}

/* "1.2": tenths of a second. */
static uint64_t
tenths(struct slice text)
{
	struct slice whole = slice_split(&text, '.');
	uint64_t seconds, tenth;

	if (slice_number(whole, &seconds) == -1 || seconds > UINT32_MAX)
		return 0;
	if (text.data == NULL || text.len == 0 ||
		slice_number((struct slice){text.data, 1}, &tenth) == -1)
		tenth = 0;
	return seconds * 10 + tenth;
}

static void
take_refusal(struct facts *f, const struct record *r)
{
	switch (r->line.event) {
	case EVENT_CONNECT_REFUSED:
		count_reason(f, WORDS_CONNECT_REFUSED, &r->line);
		count_failure(f, r, false);
		break;
	case EVENT_TLS_FAIL:
		count_reason(f, WORDS_TLS_FAIL, &r->line);
		break;
	case EVENT_AUTH_TEMP:
		count_reason(f, WORDS_AUTH_TEMP, &r->line);
		break;
	case EVENT_AUTH_REFUSED:
		count_reason(f, WORDS_AUTH_REFUSED, &r->line);
		count_failure(f, r, false);
		break;
	case EVENT_SENDER_REFUSED:
		count_reason(f, WORDS_SENDER_REFUSED, &r->line);
		break;
	case EVENT_RCPT_REFUSED:
		take_refused_recipient(f, r);
		break;
	case EVENT_MESSAGE_REFUSED:
		take_unsent(f, r, WORDS_MESSAGE_REFUSED);
		break;
	case EVENT_MESSAGE_TEMP:
		take_unsent(f, r, WORDS_MESSAGE_TEMP);
		break;
	default:
		break;
	}
}

/* Whether a balancer did TLS with the client, its lines don't say. */
static void
take_proxy(struct facts *f, const struct record *r)
{
	struct slice proxy = line_value(&r->line, "proxy");

	if (proxy.data != NULL)
		count_word(f, WORDS_PROXY, proxy);
	note_tls(f, r, slice_of(proxy.data != NULL ? "proxy" : ""));
}

static void
take_event(struct facts *f, const struct record *r)
{
	switch (r->line.event) {
	case EVENT_CONNECT:
		count_word(f, WORDS_PORT, line_value(&r->line, "port"));
		take_proxy(f, r);
		break;
	case EVENT_TLS_OK:
		count_word(
			f, WORDS_TLS_VERSION, line_value(&r->line, "version"));
		count_word(f, WORDS_CIPHER, line_value(&r->line, "cipher"));
		note_tls(f, r, line_value(&r->line, "version"));
		break;
	case EVENT_AUTH_OK:
		take_login(f, r);
		break;
	case EVENT_AUTH_FAIL:
		take_failure(f, r);
		break;
	case EVENT_MESSAGE_OK:
		take_message(f, r);
		break;
	case EVENT_CONFIG_FAIL:
		take_config(f, r);
		break;
	case EVENT_LOG_LOST:
		f->lost += line_number(&r->line, "lost");
		break;
	case EVENT_END:
		count_reason(f, WORDS_END, &r->line);
		spread_add(
			&f->seconds, tenths(line_value(&r->line, "seconds")));
		break;
	default:
		take_refusal(f, r);
	}
}

static void
note_when(struct facts *f, const struct record *r, struct place *place)
{
	int64_t at = r->stamp.seconds;
	enum event event = r->line.event;

	place->messages += event == EVENT_MESSAGE_OK;
	place->logins += event == EVENT_AUTH_OK;
	place->failures += event == EVENT_AUTH_FAIL;
	if (r->stamp.clock == STAMP_NONE)
		return;
	f->dated++;
	if (f->first == 0 || at < f->first)
		f->first = at;
	if (at > f->last)
		f->last = at;
	if (event == EVENT_MESSAGE_OK)
		hours_add(&f->hours, at, HOURS_MESSAGES);
	else if (event == EVENT_AUTH_OK)
		hours_add(&f->hours, at, HOURS_LOGINS);
	else if (event == EVENT_AUTH_FAIL)
		hours_add(&f->hours, at, HOURS_FAILURES);
}

static struct place *
count_place(struct facts *f, struct slice name)
{
	if (f->place != NULL && slice_equal(hitters_key(f->place), name))
		f->place->hitter.weight++;
	else
		f->place = hitters_add(&f->places, name, 1);
	return f->place;
}

void
facts_take(struct facts *facts, const struct record *record, struct slice place)
{
	facts->events[record->line.event]++;
	note_when(facts, record, count_place(facts, place));
	take_event(facts, record);
}

void
facts_finish(struct facts *facts)
{
	for (size_t i = 0; i < facts->accounts.count; i++)
		account_finish(hitters_row(&facts->accounts, i), facts->first);
}
