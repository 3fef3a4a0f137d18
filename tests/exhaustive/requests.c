/*
 * Exhaustive test of keeper/keeper.c: every sequence of what a session may
 * send, and of what comes between, up to a length, against the table in
 * docs/architecture.md, read as a model. The loop and the table are the
 * keeper's; what would answer, wait, log and hear is here, so that a sequence
 * takes a microsecond: each answer comes in each way that moves the state.
 *
 * An attack ends the connection, so that what begins with one is not tried
 * again with more behind it.
 */
#include "tests/exhaustive/count.h"

#include <errno.h>

#include "keeper/deadline.h"
#include "keeper/keeper.h"
#include "keeper/offer.h"
#include "keeper/trace.h"
#include "lib/clock.h"
#include "lib/signals.h"

#define DOCUMENT "docs/architecture.md"
#define LENGTH_MAX 300
#define CHANNEL_FD 1000 /* of nothing */

enum {
	LOGIN = 1,
	EXCHANGE = 2,
	MAIL = 4,
	OPEN = 8,
	TLS = 16,
	SIGNED = 32,
	KEY = 64,
	OUTSIDE = 128
};

/* ------------------------------------------------------- the document --- */

static const char *const flag_names[] = {"login", "exchange", "mail", "open",
	"tls", "signed", "key", "outside", NULL};

static const char *const type_names[CHANNEL_TYPES] = {
	[ASK_TLS] = "ASK_TLS",
	[ASK_CERTIFICATE] = "ASK_CERTIFICATE",
	[ASK_SIGN] = "ASK_SIGN",
	[TELL_CLIENT] = "TELL_CLIENT",
	[TELL_TLS] = "TELL_TLS",
	[ASK_OUTSIDE] = "ASK_OUTSIDE",
	[ASK_AUTH] = "ASK_AUTH",
	[ASK_AUTH_STEP] = "ASK_AUTH_STEP",
	[TELL_AUTH_CANCEL] = "TELL_AUTH_CANCEL",
	[ASK_OFFER] = "ASK_OFFER",
	[ASK_PATHS] = "ASK_PATHS",
	[ASK_OPEN] = "ASK_OPEN",
	[ASK_COMMIT] = "ASK_COMMIT",
	[ASK_ABORT] = "ASK_ABORT",
	[TELL_TRACE] = "TELL_TRACE",
	[TELL_END] = "TELL_END",
};

static struct row {
	bool there;
	size_t min, max;
	unsigned needs, forbids, times; /* times 0: any number */
} rows[CHANNEL_TYPES];

static unsigned
flags_of(const char *cell)
{
	unsigned flags = 0;

	for (size_t i = 0; flag_names[i] != NULL; i++)
		if (strstr(cell, flag_names[i]) != NULL)
			flags |= 1u << i;
	return flags;
}

/* "| `NAME` | MIN to MAX, what | needs | not in | times | answer |" */
static void
read_row(char *line)
{
	char *cells[7] = {NULL};
	size_t n = 0;

	for (char *cell; n < 7 && (cell = strsep(&line, "|")) != NULL;)
		cells[n++] = cell;
	if (n < 7)
		return;
	for (unsigned type = 1; type < CHANNEL_TYPES; type++) {
		char quoted[40];
		struct row *row = &rows[type];

		snprintf(quoted, sizeof quoted, " `%s` ", type_names[type]);
		if (strcmp(cells[1], quoted) != 0)
			continue;
		row->there = true;
		if (sscanf(cells[2], "%zu to %zu", &row->min, &row->max) != 2)
			row->max = row->min;
		row->needs = flags_of(cells[3]);
		row->forbids = flags_of(cells[4]);
		row->times = (unsigned)strtoul(cells[5], NULL, 10);
	}
}

static void
read_document(void)
{
	FILE *file = fopen(DOCUMENT, "r");
	char *line = NULL;
	size_t cap = 0;
	unsigned found = 0;

	while (file != NULL && getline(&line, &cap, file) != -1)
		if (strncmp(line, "| `", 3) == 0)
			read_row(line);
	for (unsigned type = 1; type < CHANNEL_TYPES; type++)
		found += rows[type].there;
	ok(found == CHANNEL_TYPES - 1, "the document has a row for each type");
}

/* ------------------------------------------------------------- symbols --- */

/* Beside the types: what comes from elsewhere. */
enum { VERDICT_YES = 240, VERDICT_NO, VERDICT_MORE, SIGNAL_TERM };

/* One thing that happens, and what its answer does to the state. */
static const struct symbol {
	unsigned char type;
	unsigned sets, clears;
	bool waits;	/* the answer is still to come */
	unsigned claim; /* without this the answer finds an attack */
} symbols[] = {
	{ASK_TLS, KEY, 0, false, 0},
	{ASK_TLS, 0, 0, false, 0},
	{ASK_CERTIFICATE, KEY, 0, false, 0},
	{ASK_SIGN, SIGNED, KEY, false, KEY},
	{TELL_CLIENT, 0, 0, false, 0},
	{TELL_TLS, TLS, 0, false, SIGNED},
	{TELL_TLS, 0, 0, false, 0},
	{ASK_OUTSIDE, TLS, 0, false, 0},
	{ASK_OUTSIDE, 0, 0, false, 0},
	{ASK_OUTSIDE, 0, 0, true, 0},
	{ASK_AUTH, EXCHANGE, 0, false, 0},
	{ASK_AUTH, EXCHANGE, 0, true, 0},
	{ASK_AUTH, LOGIN, 0, false, 0},
	{ASK_AUTH, 0, 0, false, 0},
	{ASK_AUTH_STEP, 0, 0, false, 0},
	{ASK_AUTH_STEP, 0, 0, true, 0},
	{ASK_AUTH_STEP, LOGIN, EXCHANGE, false, 0},
	{ASK_AUTH_STEP, 0, EXCHANGE, false, 0},
	{TELL_AUTH_CANCEL, 0, EXCHANGE, false, 0},
	{ASK_OFFER, 0, 0, false, 0},
	{ASK_OFFER, EXCHANGE, 0, true, 0},
	{ASK_PATHS, MAIL, 0, false, 0},
	{ASK_PATHS, 0, 0, false, 0},
	{ASK_PATHS, MAIL, 0, true, 0},
	{ASK_OPEN, MAIL | OPEN, 0, false, 0},
	{ASK_OPEN, MAIL, 0, false, 0},
	{ASK_COMMIT, 0, MAIL | OPEN, false, 0},
	{ASK_COMMIT, 0, 0, true, 0},
	{ASK_ABORT, 0, MAIL | OPEN, false, 0},
	{ASK_ABORT, 0, 0, true, 0},
	{TELL_TRACE, 0, 0, false, 0},
	{TELL_END, 0, 0, false, 0},
	{0, 0, 0, false, 0},
	{CHANNEL_TYPES, 0, 0, false, 0},
	{239, 0, 0, false, 0},
	{VERDICT_YES, 0, 0, false, 0},
	{VERDICT_NO, 0, 0, false, 0},
	{VERDICT_MORE, 0, 0, false, 0},
	{SIGNAL_TERM, 0, 0, false, 0},
};

#define SYMBOLS (sizeof symbols / sizeof *symbols)

/* What a verdict that was waited for does. */
static unsigned
concluded(unsigned flags, unsigned pending, bool yes)
{
	switch (pending) {
	case ASK_AUTH:
	case ASK_AUTH_STEP:
		return (flags & ~(unsigned)EXCHANGE) | (yes ? LOGIN : 0u);
	case ASK_OFFER:
		return flags & ~(unsigned)EXCHANGE;
	case ASK_OUTSIDE:
		return flags | (yes ? TLS : 0u);
	case ASK_COMMIT:
	case ASK_ABORT:
		return flags & ~(unsigned)(MAIL | OPEN);
	default:
		return flags;
	}
}

/* --------------------------------------------------------------- model --- */

enum step { TAKEN, IGNORED, ATTACK, SENSELESS };

struct model {
	unsigned flags, pending;
	bool over, term, stopped;
	unsigned times[CHANNEL_TYPES];
};

static bool
is_note(unsigned type)
{
	return type == TELL_TRACE || type == TELL_END;
}

static bool
row_allows(const struct model *m, unsigned type, size_t len)
{
	const struct row *row = &rows[type];

	return len >= row->min && len <= row->max &&
	       (m->flags & row->needs) == row->needs &&
	       (m->flags & row->forbids) == 0 &&
	       (row->times == 0 || m->times[type] < row->times);
}

static enum step
model_request(struct model *m, const struct symbol *s, size_t len)
{
	if (s->type == 0 || s->type >= CHANNEL_TYPES)
		return ATTACK;
	if (m->stopped && !is_note(s->type))
		return IGNORED;
	if (!is_note(s->type) && (m->over || m->pending != 0))
		return ATTACK;
	if (!row_allows(m, s->type, len))
		return ATTACK;
	m->times[s->type]++;
	if ((m->flags & s->claim) != s->claim)
		return ATTACK;
	m->flags = (m->flags & ~s->clears) | s->sets;
	if (s->waits)
		m->pending = s->type;
	if (s->type == TELL_END)
		m->over = true;
	return TAKEN;
}

static enum step
model_step(struct model *m, const struct symbol *s, size_t len)
{
	enum step step = TAKEN;

	if (s->type == VERDICT_YES || s->type == VERDICT_NO) {
		if (m->pending == 0 || m->over)
			return SENSELESS;
		m->flags =
			concluded(m->flags, m->pending, s->type == VERDICT_YES);
		m->pending = 0;
	} else if (s->type == VERDICT_MORE) {
		/* A challenge: the exchange goes on. */
		if ((m->pending != ASK_AUTH && m->pending != ASK_AUTH_STEP) ||
			m->over)
			return SENSELESS;
		m->pending = 0;
	} else if (s->type == SIGNAL_TERM) {
		if (m->term || m->over)
			return SENSELESS;
		m->term = true;
	} else {
		step = model_request(m, s, len);
	}
	/* A commit and an abort are waited for; all else is let go. */
	if (m->term && !m->over && !m->stopped && m->pending != ASK_COMMIT &&
		m->pending != ASK_ABORT) {
		m->stopped = true;
		m->pending = 0;
		m->flags &= ~(unsigned)EXCHANGE;
	}
	if (m->over)
		m->flags &= ~(unsigned)EXCHANGE;
	return step;
}

/* ------------------------------------------------------ the keeper's run ---
 */

static unsigned start_flags; /* 0, or OUTSIDE: settled by main */
static struct keeper k;
static const struct config config;

/* What the keeper is told, and has done. */
static struct {
	const struct symbol *sequence[LENGTH_MAX];
	size_t lengths[LENGTH_MAX];
	size_t len, at;
	const struct symbol *now; /* being answered */
	unsigned flags;
	unsigned answered; /* the last that was */
	bool attack;	   /* told by an answer */
	/* Of each step: what was answered, and the state behind it. */
	unsigned answers[LENGTH_MAX], behind[LENGTH_MAX];
} world;

static void
put_flags(unsigned flags)
{
	world.flags = flags;
	k.login.state = flags & LOGIN	      ? LOGIN_DONE
			: !(flags & EXCHANGE) ? LOGIN_NONE
			: k.channel.pending == ASK_OFFER ||
					(world.now != NULL &&
						world.now->type == ASK_OFFER)
				? LOGIN_OFFER
				: LOGIN_EXCHANGE;
	k.mail.state = flags & OPEN   ? MAIL_OPEN
		       : flags & MAIL ? MAIL_SENDER
				      : MAIL_NONE;
	k.mail.queue.state = flags & OPEN ? QUEUE_READING : QUEUE_IDLE;
	k.tls.on = flags & TLS;
	k.tls.outside.there = flags & OUTSIDE;
	k.tls.signed_once = flags & SIGNED;
	k.tls.signer.type = flags & (KEY | SIGNED) ? KEY_EC : KEY_NONE;
}

static int
answer(enum channel_type type)
{
	const struct symbol *s = world.now;

	world.answered = type;
	if ((world.flags & s->claim) != s->claim)
		return -1;
	put_flags((world.flags & ~s->clears) | s->sets);
	if (s->waits)
		k.channel.pending = s->type;
	return 0;
}

/* Each is what the keeper's own would be: here they only note the call. */
// clang-format off
int answer_tls(struct keeper *x) { (void)x; return answer(ASK_TLS); }
int answer_certificate(struct keeper *x) { (void)x; return answer(ASK_CERTIFICATE); }
int answer_sign(struct keeper *x) { (void)x; return answer(ASK_SIGN); }
int hear_client(struct keeper *x) { (void)x; return answer(TELL_CLIENT); }
int hear_tls(struct keeper *x) { (void)x; return answer(TELL_TLS); }
int answer_outside(struct keeper *x) { (void)x; return answer(ASK_OUTSIDE); }
int answer_auth(struct keeper *x) { (void)x; return answer(ASK_AUTH); }
int answer_auth_step(struct keeper *x) { (void)x; return answer(ASK_AUTH_STEP); }
int hear_auth_cancel(struct keeper *x) { (void)x; return answer(TELL_AUTH_CANCEL); }
int answer_offer(struct keeper *x) { (void)x; return answer(ASK_OFFER); }
int answer_paths(struct keeper *x) { (void)x; return answer(ASK_PATHS); }
int answer_open(struct keeper *x) { (void)x; return answer(ASK_OPEN); }
int answer_commit(struct keeper *x) { (void)x; return answer(ASK_COMMIT); }
int answer_abort(struct keeper *x) { (void)x; return answer(ASK_ABORT); }
int hear_trace(struct keeper *x) { (void)x; return answer(TELL_TRACE); }
int hear_end(struct keeper *x) { x->end.over = true; return answer(TELL_END); }

int channel_answer(int fd, const struct channel_message *m, int with) { (void)fd; (void)m; (void)with; return 0; }
int64_t clock_ms(void) { return 0; }
void end_log(struct keeper *x) { (void)x; }
void end_reap(struct keeper *x, int64_t ms) { (void)x; (void)ms; }
void end_stop(struct keeper *x) { x->end.stopped = true; x->channel.pending = 0; }
int64_t keeper_deadline(const struct keeper *x) { (void)x; return CLOCK_NEVER; }
int late_advance(struct keeper *x, bool news) { (void)x; (void)news; return 0; }
void late_init(struct late *late) { late->deadline = CLOCK_NEVER; }
void late_let_go(struct keeper *x) { (void)x; }
struct pollfd late_poll(const struct late *late) { (void)late; return (struct pollfd){.fd = -1}; }
void log_send(struct log_line *line, struct log *log) { (void)line; (void)log; }
void log_start(struct log_line *line, const struct log *log, const char *event) { (void)line; (void)log; (void)event; }
void log_text(struct log_line *line, const char *key, const char *value) { (void)line; (void)key; (void)value; }
void log_value(struct log_line *line, const char *key, struct slice value) { (void)line; (void)key; (void)value; }
bool login_at_work(const struct keeper *x) { return x->login.state == LOGIN_OFFER || x->login.state == LOGIN_EXCHANGE; }
int login_fd(const struct keeper *x) { (void)x; return -1; }
void login_init(struct keeper *x) { x->login.state = LOGIN_NONE; }
int64_t login_next(const struct keeper *x) { (void)x; return CLOCK_NEVER; }
const char *login_user(const struct keeper *x) { return x->login.state == LOGIN_DONE ? "joe" : NULL; }
void login_abandon(struct keeper *x) { (void)x; put_flags(world.flags & ~(unsigned)EXCHANGE); }
void mail_lost(struct keeper *x) { (void)x; }
void queue_abandon(struct queue *q) { q->state = QUEUE_IDLE; }
bool queue_advance(struct queue *q) { (void)q; return false; }
void queue_init(struct queue *q) { q->state = QUEUE_IDLE; q->deadline = CLOCK_NEVER; }
size_t queue_poll(const struct queue *q, struct pollfd *fds) { (void)q; (void)fds; return 0; }
int signals_term_fd(void) { return CHANNEL_FD; }
void signer_close(struct signer *s) { (void)s; }
int mail_finished(struct keeper *x) { (void)x; return 0; }
// clang-format on

/* What a turn has done stands behind the step that it was for. */
static void
note_step(void)
{
	if (world.at == 0 || world.at > world.len)
		return;
	world.answers[world.at - 1] = world.answered;
	world.behind[world.at - 1] = world.flags;
	world.answered = 0;
}

/* The loop waits for the next of the sequence, which then has come. */
int
clock_poll(struct pollfd *fds, nfds_t n, int64_t deadline)
{
	(void)deadline;
	note_step();
	for (nfds_t i = 0; i < n; i++)
		fds[i].revents = 0;
	world.now = world.at < world.len ? world.sequence[world.at] : NULL;
	world.at++;
	if (world.now != NULL && world.now->type == SIGNAL_TERM)
		fds[2].revents = POLLIN;
	else if (world.now != NULL && world.now->type >= VERDICT_YES)
		fds[1].revents = POLLIN;
	else
		fds[0].revents = POLLIN;
	return 1;
}

int
channel_receive(int fd, struct channel_message *m)
{
	(void)fd;
	if (world.now == NULL) {
		errno = 0;
		return 0;
	}
	m->type = world.now->type;
	m->code = 1;
	m->len = world.lengths[world.at - 1];
	return 1;
}

/* The authenticator, the queue program or another has said its word. */
int
login_advance(struct keeper *x, bool readable)
{
	if (!readable)
		return 0;
	unsigned flags = world.flags;

	if (world.now->type != VERDICT_MORE)
		flags = concluded(flags, x->channel.pending,
			world.now->type == VERDICT_YES);
	x->channel.pending = 0;
	put_flags(flags);
	return 0;
}

static int
run_keeper(void)
{
	memset(&k.channel, 0, sizeof k.channel);
	memset(&k.end, 0, sizeof k.end);
	k.config = &config;
	k.channel.fd = CHANNEL_FD;
	world.at = 0;
	world.now = NULL;
	world.answered = 0;
	put_flags(start_flags);
	k.channel.start = clock_ms();

	int code = keeper_run(&k);

	note_step();
	return code;
}

/* ------------------------------------------------------------- compare --- */

static void
show(const char *what)
{
	char text[400];
	size_t at = 0;

	for (size_t i = 0; i < world.len && at < sizeof text - 60; i++) {
		unsigned type = world.sequence[i]->type;

		at += (size_t)snprintf(text + at, sizeof text - at,
			"%s(%u:%zu) ",
			type < CHANNEL_TYPES && type > 0 ? type_names[type]
							 : "?",
			(unsigned)(world.sequence[i] - symbols),
			world.lengths[i]);
	}
	count_difference(what, text, at);
}

/*
 * The keeper's run against the model's. Returns how many steps of the sequence
 * make sense: those up to the first attack.
 */
static size_t
compare(void)
{
	struct model m = {.flags = start_flags};
	int code = run_keeper();
	bool attack = false;
	size_t i;

	count_inputs++;
	for (i = 0; i < world.len && !attack; i++) {
		const struct symbol *s = world.sequence[i];
		struct model before = m;
		enum step step = model_step(&m, s, world.lengths[i]);
		bool answers = step == TAKEN && s->type < CHANNEL_TYPES;

		if (step == SENSELESS)
			abort(); /* not to be tried */
		attack = step == ATTACK;
		if (attack && s->type > 0 && s->type < CHANNEL_TYPES &&
			m.times[s->type] > before.times[s->type])
			answers = true; /* which found the attack */
		if (world.answers[i] != (answers ? s->type : 0u))
			show("answered");
		if (!attack && world.behind[i] != m.flags)
			show("state");
	}
	if (code != (attack ? 111 : 0))
		show("exit code");
	if (k.channel.fd != -1 || (k.end.why == KEEPER_END_ATTACK) != attack)
		show("end");
	return i;
}

static size_t
least(const struct symbol *s)
{
	return s->type < CHANNEL_TYPES ? rows[s->type].min : 0;
}

/* ----------------------------------------------------------- sequences --- */

/* Calls visit for each sequence of up to depth that goes on. */
static void
try_behind(const struct model *m, size_t len, unsigned depth,
	void (*visit)(const struct model *m, size_t len))
{
	visit(m, len);
	if (depth == 0)
		return;
	for (size_t i = 0; i < SYMBOLS; i++) {
		struct model next = *m;
		enum step step =
			model_step(&next, &symbols[i], least(&symbols[i]));

		if (step == TAKEN || step == IGNORED) {
			world.sequence[len] = &symbols[i];
			world.lengths[len] = least(&symbols[i]);
			try_behind(&next, len + 1, depth - 1, visit);
		}
	}
}

/* The sequence, with each symbol behind it. */
static void
visit_each(const struct model *m, size_t len)
{
	for (size_t i = 0; i < SYMBOLS; i++) {
		struct model next = *m;

		if (model_step(&next, &symbols[i], least(&symbols[i])) ==
			SENSELESS)
			continue;
		world.sequence[len] = &symbols[i];
		world.lengths[len] = least(&symbols[i]);
		world.len = len + 1;
		(void)compare();
	}
}

/* ... and each type of request with each length that may matter. */
static void
visit_lengths(const struct model *m, size_t len)
{
	(void)m;
	for (size_t i = 0; i < SYMBOLS; i++) {
		const struct symbol *s = &symbols[i];
		const struct row *row =
			&rows[s->type < CHANNEL_TYPES ? s->type : 0];
		const size_t lengths[] = {0, 1, row->min - (row->min > 0),
			row->min, row->min + 1, row->max - (row->max > 0),
			row->max, row->max + 1, CHANNEL_BODY_MAX};

		if (s->type >= VERDICT_YES)
			continue;
		for (size_t n = 0; n < sizeof lengths / sizeof *lengths; n++) {
			world.sequence[len] = s;
			world.lengths[len] = lengths[n];
			world.len = len + 1;
			(void)compare();
		}
	}
}

/* ... and each pair of symbols again and again, over every limit. */
static void
visit_pairs(const struct model *m, size_t len)
{
	for (size_t pair = 0; pair < SYMBOLS * SYMBOLS; pair++) {
		const struct symbol *two[] = {
			&symbols[pair / SYMBOLS], &symbols[pair % SYMBOLS]};
		struct model next = *m;
		enum step step = TAKEN;
		size_t at = len;

		while (at < LENGTH_MAX && step != ATTACK) {
			const struct symbol *s = two[(at - len) % 2];

			step = model_step(&next, s, least(s));
			if (step == SENSELESS)
				break;
			world.sequence[at] = s;
			world.lengths[at++] = least(s);
		}
		world.len = at;
		(void)compare();
	}
}

static void
try_all(unsigned depth, void (*visit)(const struct model *m, size_t len),
	const char *what)
{
	char text[120];

	for (int outside = 0; outside < 2; outside++) {
		start_flags = outside ? OUTSIDE : 0;
		try_behind(
			&(struct model){.flags = start_flags}, 0, depth, visit);
	}
	snprintf(text, sizeof text, "%s, behind up to %u", what, depth);
	count_check(text);
}

int
main(int argc, char **argv)
{
	bool full = count_full(argc, argv);

	read_document();
	try_all(full ? 5 : 4, visit_each, "each of 39 things that happen");
	try_all(full ? 3 : 2, visit_lengths, "each request of each length");
	try_all(full ? 2 : 1, visit_pairs, "each two, again and again");
	return tap_done();
}
