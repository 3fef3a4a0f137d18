/*
 * dialogue - a session without processes: what the client sends lies in
 * memory, the keeper and the message pipe are here, and what comes of it is a
 * text, to be compared with that of refer.h. For the exhaustive tests of what
 * the session's rooms do together: session.c, command.c, login.c, message.c,
 * body.c, data.c, address.c and parameters.c are the real ones.
 *
 * The text has a line for each reply (its code and its enhanced code; of EHLO's
 * answer all but the last in whole), one for each message that is queued, and
 * last the word of the end.
 */
#ifndef TESTS_DIALOGUE_H
#define TESTS_DIALOGUE_H

#include "session/session.c"

#include <ctype.h>

#include "session/outside.h"
#include "tests/exhaustive/count.h"

#define INPUT_MAX 32768
#define TOLD_MAX 65536
#define KEPT_MAX 4096
#define PIPE_FD 1000 /* of nothing */

/* What may be a password, and what the keeper says to it. */
#define SAY_YES "ok"	/* b2s= */
#define SAY_LAST "last" /* bGFzdA== */

/* What goes on around a session. */
struct way {
	const char *what;
	bool require_auth, forcetls, relay, certificate, tls, health_check;
	bool no_utf8, old_clients;
	uint64_t databytes, maxrcpt;
	unsigned open;	 /* the keeper's word when a message opens; 0: yes */
	unsigned commit; /* the queue program's at its end; 0: yes */
	bool broken;	 /* it stops reading at once */
};

static const struct way *way;

/* ---------------------------------------------------------- the client --- */

/* All that it sends. wait[i]: here it waits for a reply. */
static struct {
	char text[INPUT_MAX];
	bool wait[INPUT_MAX + 1];
	size_t len;
	bool octets; /* each comes alone */
} input;

static inline void
input_add(const char *text, size_t len, bool wait)
{
	if (len > sizeof input.text - input.len)
		abort();
	memcpy(input.text + input.len, text, len);
	memset(input.wait + input.len + 1, false, len);
	input.len += len;
	input.wait[input.len] = wait;
}

/* Likewise, where WAIT stands for waiting; or all without that. */
#define WAIT "\f"

static inline void
input_script(const char *text, size_t len, bool waits)
{
	for (size_t at = 0, end; at < len; at = end + 1) {
		end = at;
		while (end < len && text[end] != *WAIT)
			end++;
		input_add(text + at, end - at, waits && end < len);
	}
}

/* How much the read gets that begins here; 0: the client says no more. */
static inline size_t
input_piece(size_t at)
{
	size_t end = at;

	if (input.octets)
		return at < input.len;
	while (end < input.len && (end == at || !input.wait[end]))
		end++;
	return end - at;
}

/* --------------------------------------------------- what comes of it --- */

struct told {
	char text[TOLD_MAX];
	size_t len;
};

static inline void
append(char *all, size_t cap, size_t *len, const char *text, size_t n)
{
	if (n > cap - *len)
		abort();
	memcpy(all + *len, text, n);
	*len += n;
}

static inline void
tell(struct told *t, const char *text, size_t len)
{
	append(t->text, sizeof t->text, &t->len, text, len);
}

static inline void
tell_line(struct told *t, const char *line)
{
	tell(t, line, strlen(line));
	tell(t, "\n", 1);
}

/* A message, as each side has it. */
struct kept {
	bool there; /* a sender */
	unsigned recipients;
	size_t paths_len, text_len;
	char paths[KEPT_MAX], text[KEPT_MAX];
};

static inline void
keep_path(struct kept *k, char type, const char *path, size_t len)
{
	if (len + 2 > sizeof k->paths - k->paths_len)
		abort();
	k->paths[k->paths_len++] = type;
	memcpy(k->paths + k->paths_len, path, len);
	k->paths_len += len;
	k->paths[k->paths_len++] = ' ';
	k->there = true;
	k->recipients += type == 'T';
}

static inline void
keep_octets(struct kept *k, const char *text, size_t len)
{
	append(k->text, sizeof k->text, &k->text_len, text, len);
}

static inline void
keep_nothing(struct kept *k)
{
	k->there = false;
	k->recipients = 0;
	k->paths_len = k->text_len = 0;
}

/* flags: enum channel_flags. octets: what size= says. */
static inline void
tell_queued(struct told *t, const struct kept *k, unsigned flags,
	struct slice helo, uint64_t octets)
{
	char text[80];
	int len = snprintf(text, sizeof text, "queued %u %llu ", flags,
		(unsigned long long)octets);

	tell(t, text, (size_t)len);
	tell(t, helo.data, helo.len);
	tell(t, " ", 1);
	tell(t, k->paths, k->paths_len);
	for (size_t i = 0; i < k->text_len; i++)
		tell(t, k->text[i] == '\n' ? "$" : k->text + i, 1);
	tell(t, "\n", 1);
}

/* ---------------------------------------------------------- the keeper --- */

/* The word on a path. relay: of a client that has the right to. */
static inline unsigned
judge_path(char type, struct slice path, unsigned recipients, bool relay)
{
	size_t at = slice_find_last(path, '@');

	if (type == 'F')
		return slice_is_nocase(path, "bad@b") ? VERDICT_SENDER
						      : VERDICT_OK;
	if (way->maxrcpt != 0 && recipients >= way->maxrcpt)
		return VERDICT_TOO_MANY;
	if (at == path.len)
		return slice_is_nocase(path, "postmaster") ? VERDICT_OK
							   : VERDICT_NO_DOMAIN;
	return relay || slice_is_nocase(slice_from(path, at + 1), "b")
		       ? VERDICT_OK
		       : VERDICT_RELAY;
}

static struct {
	struct session s;
	struct config config;
	size_t at; /* of the input */
	struct told told;
	struct channel_message asked;
	struct kept kept;
	unsigned flags;
	size_t helo_len;
	char helo[CHANNEL_HELO_MAX];
	bool login;
	unsigned responses; /* that are still to come */
} world;

/* A rule of the channel was broken, or one of the log. */
static void
attack(const char *what)
{
	tell_line(&world.told, what);
}

/* Takes the paths off. ask: a verdict on the last is asked for. */
static unsigned
take_paths(struct slice rest, bool ask)
{
	unsigned verdict = VERDICT_OK;

	while (rest.len > 0) {
		struct slice path = slice_split(&rest, '\0');
		char type = path.data[0];

		path = slice_from(path, 1);
		verdict = judge_path(type, path, world.kept.recipients,
			world.login || way->relay);
		if (verdict == VERDICT_OK)
			keep_path(&world.kept, type, path.data, path.len);
		else if (!ask || rest.len > 0)
			attack("attack: a path that is not accepted");
	}
	return verdict;
}

static unsigned
take_response(struct slice response)
{
	if (--world.responses > 0)
		return VERDICT_CHALLENGE;
	if (slice_is(response, SAY_LAST))
		return VERDICT_AUTH_LAST;
	world.login = slice_is(response, SAY_YES);
	return world.login ? VERDICT_OK : VERDICT_AUTH_FAILED;
}

static unsigned
take_auth(const struct channel_message *m)
{
	struct slice response = channel_rest(m, 0);
	struct slice name = slice_split(&response, '\0');
	bool prompts = slice_is_nocase(name, "LOGIN");
	bool server_first = slice_is_nocase(name, "CRAM-MD5");

	if (way->forcetls && !world.s.tls.on)
		return VERDICT_AUTH_NO_TLS;
	if (!prompts && !server_first && !slice_is_nocase(name, "PLAIN"))
		return VERDICT_AUTH_UNKNOWN;
	if (m->code != INITIAL_NONE && server_first)
		return VERDICT_AUTH_INITIAL;
	if (m->code == INITIAL_MALFORMED)
		return VERDICT_AUTH_SYNTAX;
	world.responses = prompts ? 2 : 1;
	return m->code == INITIAL_RESPONSE ? take_response(response)
					   : VERDICT_CHALLENGE;
}

static unsigned
take_open(const struct channel_message *m)
{
	struct channel_open open;
	size_t at = 0;

	if (channel_take(m, &at, &open, sizeof open) == -1 ||
		open.helo_len > m->len - at)
		abort();
	struct slice rest = channel_rest(m, at);

	memcpy(world.helo, rest.data, open.helo_len);
	world.helo_len = open.helo_len;
	world.flags = open.flags;
	(void)take_paths(slice_from(rest, open.helo_len), false);
	if (world.kept.recipients == 0)
		attack("attack: nobody is to have it");
	return way->open != 0 ? way->open : VERDICT_OK;
}

static unsigned
take_commit(const struct channel_message *m)
{
	unsigned verdict = way->commit != 0 ? way->commit : VERDICT_OK;
	struct channel_commit commit;
	size_t at = 0;

	if (channel_take(m, &at, &commit, sizeof commit) == -1)
		abort();
	if (!commit.broken && commit.written != world.kept.text_len)
		attack("attack: another count");
	if (commit.broken)
		verdict = VERDICT_TEMPORARY;
	if (verdict == VERDICT_OK)
		tell_queued(&world.told, &world.kept, world.flags,
			(struct slice){world.helo, world.helo_len},
			commit.octets);
	keep_nothing(&world.kept);
	return verdict;
}

static unsigned
verdict_on(const struct channel_message *m)
{
	switch (m->type) {
	case ASK_TLS:
		return VERDICT_OK;
	case ASK_PATHS:
		return take_paths(channel_rest(m, 0), true);
	case ASK_OPEN:
		return take_open(m);
	case ASK_COMMIT:
		return take_commit(m);
	case ASK_ABORT:
		if (!world.kept.there)
			attack("attack: nothing to be let go");
		keep_nothing(&world.kept);
		return VERDICT_OK;
	case ASK_AUTH:
		return take_auth(m);
	case ASK_AUTH_STEP:
		return take_response(channel_rest(m, 0));
	default:
		abort();
	}
}

/* ---------------------------------------------- what the session calls --- */

int
channel_send(int fd, const struct channel_message *m)
{
	(void)fd;
	if (m->type == TELL_TRACE) {
		if (memmem(m->body, m->len, "b2s=", 4) != NULL)
			attack("attack: a password on the log");
		return 0;
	}
	world.asked.type = m->type;
	world.asked.code = m->code;
	world.asked.len = m->len;
	memcpy(world.asked.body, m->body, m->len);
	return 0;
}

int
channel_receive_fd(int fd, struct channel_message *m, int *with)
{
	static const struct channel_queued queued = {.now = 1, .qp = 1};

	(void)fd;
	channel_start(m, world.asked.type, verdict_on(&world.asked));
	if (m->type == ASK_COMMIT) {
		channel_add(m, &queued, sizeof queued);
		channel_add(
			m, m->code == VERDICT_REFUSED ? "5.3.0" : "4.3.0", 5);
	}
	*with = m->type == ASK_OPEN && m->code == VERDICT_OK ? PIPE_FD : -1;
	return 0;
}

int
channel_await(int fd, struct channel_message *m)
{
	int with;

	(void)channel_receive_fd(fd, m, &with);
	return m->code;
}

int
channel_ask(int fd, struct channel_message *m)
{
	(void)channel_send(fd, m);
	return channel_await(fd, m);
}

int
stream_next(struct stream *s, struct slice *text)
{
	*text = (struct slice){input.text + world.at, input_piece(world.at)};
	if (text->len == 0)
		s->state = STREAM_EOF;
	return text->len == 0 ? -1 : 0;
}

// clang-format off
bool channel_gone(int fd) { (void)fd; return true; }
int channel_say_end(int fd, enum channel_end end, unsigned step) { (void)fd; (void)end; (void)step; return 0; }
enum reply outside_start(struct session *s) { (void)s; abort(); }
void stream_init(struct stream *s, int in, int out, int channel, char *bulk) { (void)s; (void)in; (void)out; (void)channel; (void)bulk; }
void stream_time(struct stream *s, int64_t ms) { (void)s; (void)ms; }
int stream_flush(struct stream *s) { (void)s; return 0; }
void stream_close(struct stream *s, bool drain) { (void)s; (void)drain; }
int stream_wait_other(struct stream *s, int fd, short events, int64_t deadline) { (void)s; (void)fd; (void)events; (void)deadline; return 1; }
bool stream_waits(const struct stream *s) { (void)s; return false; }
bool stream_pending(struct stream *s) { (void)s; return world.at < input.len && !input.wait[world.at]; }
void stream_consume(struct stream *s, size_t len) { (void)s; world.at += len; }
void stream_wipe(struct stream *s, struct slice text, size_t len) { (void)text; stream_consume(s, len); }
void stream_put(struct stream *s, struct slice text) { (void)s; tell(&world.told, text.data, text.len); }
void pipe_start(struct session *s) { s->mail.written = 0; }
int pipe_end(struct session *s) { (void)s; return 0; }
// clang-format on

int
pipe_write(struct session *s, size_t len)
{
	if (way->broken)
		s->mail.state = MESSAGE_BROKEN;
	if (s->mail.state == MESSAGE_OPEN) {
		keep_octets(&world.kept, s->out, len);
		s->mail.written += len;
	}
	return 0;
}

/* What a handshake that succeeds leaves behind (RFC 3207, 4.2). */
enum reply
tls_start(struct session *s)
{
	s->tls.on = true;
	s->esmtp = false;
	s->helo_len = 0;
	return REPLY_NONE;
}

/* ------------------------------------------------------------- one run --- */

static void
go_this_way(const struct way *w)
{
	static char hosts[] = "b\n", bad[] = "bad@b\n";

	way = w;
	world.config = (struct config){.me = slice_of("me"),
		.smtpgreeting = slice_of("me"),
		.localiphost = slice_of("me"),
		.timeoutsmtpd = 1,
		.databytes = w->databytes,
		.maxrcpt = w->maxrcpt,
		.smtputf8 = !w->no_utf8,
		.forcetls = w->forcetls,
		.oldclients = w->old_clients,
		.require_auth = w->require_auth,
		.relayclient_set = w->relay,
		.health_check = w->health_check,
		.trace = true,
		.rcpthosts = {true, hosts, sizeof hosts - 1},
		.badmailfrom = {true, bad, sizeof bad - 1},
		.morercpthosts_fd = -1};
}

/* Replies without their words. */
static void
leave_out_words(const struct told *from, struct told *to)
{
	to->len = 0;
	for (size_t at = 0, len; at < from->len; at += len + 1) {
		const char *line = from->text + at;
		size_t kept = 3;
		bool reply;

		len = (size_t)((const char *)memchr(
				       line, '\n', from->len - at) -
			       line);
		reply = len > 3 && isdigit((unsigned char)line[0]);
		if (reply && line[3] == '-')
			kept = len - 1;
		else if (reply && isdigit((unsigned char)line[4]) &&
			 line[5] == '.')
			kept = 4 + slice_find((struct slice){line + 4, len - 5},
					   ' ');
		else if (!reply)
			kept = len;
		tell(to, line, kept);
		tell(to, "\n", 1);
	}
}

/* A session's whole life; what came of it. */
static const struct told *
run_session(void)
{
	static const char *const ends[END_CODES] = {[END_QUIT] = "quit",
		[END_CLIENT] = "client",
		[END_AUTH] = "auth",
		[END_ERRORS] = "errors",
		[END_LINE_ENDS] = "line-ends",
		[END_USERS] = "users"};
	static struct told told;
	struct session *s = &world.s;

	memset(s, 0, offsetof(struct session, line));
	s->config = &world.config;
	s->mechanisms = slice_of("PLAIN LOGIN CRAM-MD5");
	s->login_deadline = CLOCK_NEVER;
	s->mail.pipe = -1;
	s->tls.possible = way->certificate;
	s->tls.on = way->tls;
	world.at = world.told.len = 0;
	world.login = false;
	keep_nothing(&world.kept);
	while (s->end == 0)
		one_command(s);
	session_reply(s, s->last);
	tell_line(&world.told, ends[s->end]);
	leave_out_words(&world.told, &told);
	return &told;
}

#endif
