/*
 * keeper - the loop, and the table of what the session may ask when. See
 * keeper.h. Run by the keeper; what logs by main, too. Nothing here or in the
 * answers blocks: session, authenticator, queue program and whoever is asked
 * about a recipient are polled together.
 */
#include "keeper/keeper.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "keeper/deadline.h"
#include "keeper/offer.h"
#include "keeper/trace.h"
#include "lib/clock.h"
#include "lib/signals.h"

/* What a connection is in, for the table. */
enum {
	IN_LOGIN = 1,	 /* logged in */
	IN_EXCHANGE = 2, /* an authenticator is at work */
	IN_MAIL = 4,	 /* a sender was accepted, and so much else perhaps */
	IN_OPEN = 8,	 /* the queue program was started */
	IN_TLS = 16,	 /* TLS is on */
	IN_SIGNED = 32,
	IN_KEY = 64,	 /* the private key is in memory: no copy of us now */
	IN_OUTSIDE = 128 /* TLS is the launcher's to begin */
};

#define TERM_NEVER -2 /* no descriptor for it: the signal ends us at once */

/*
 * The whole privilege of a session that was taken over. The answers check
 * what is in the body: of ASK_OPEN, that there is a recipient in the end.
 */
static const struct rule {
	size_t min, max;     /* octets of the body */
	unsigned needs;	     /* all of these */
	unsigned forbids;    /* none of these */
	unsigned char times; /* 0: as often as it likes */
	int (*answer)(struct keeper *k);
} rules[CHANNEL_TYPES] = {
	// clang-format off
	[ASK_TLS]          = {0, 0, 0, IN_LOGIN | IN_EXCHANGE | IN_MAIL | IN_TLS | IN_SIGNED | IN_OUTSIDE, 20, answer_tls},
	[ASK_CERTIFICATE]  = {0, 255, 0, IN_LOGIN | IN_EXCHANGE | IN_MAIL | IN_TLS | IN_SIGNED | IN_OUTSIDE, 1, answer_certificate},
	[ASK_SIGN]         = {CHANNEL_RANDOMS_LEN + 4, CHANNEL_SIGN_MAX, 0, IN_LOGIN | IN_EXCHANGE | IN_MAIL | IN_TLS | IN_SIGNED | IN_OUTSIDE, 1, answer_sign},
	[TELL_CLIENT]      = {2, CHANNEL_BODY_MAX, IN_SIGNED, IN_LOGIN | IN_EXCHANGE | IN_MAIL | IN_TLS | IN_OUTSIDE, 1, hear_client},
	[TELL_TLS]         = {sizeof(struct channel_tls), sizeof(struct channel_tls) + 255, 0, IN_LOGIN | IN_EXCHANGE | IN_MAIL | IN_TLS | IN_OUTSIDE, 1, hear_tls},
	[ASK_OUTSIDE]      = {0, 0, IN_OUTSIDE, IN_LOGIN | IN_EXCHANGE | IN_MAIL | IN_TLS, 1, answer_outside},
	[ASK_AUTH]         = {2, 64 + EXCHANGE_RESPONSE_MAX, 0, IN_LOGIN | IN_EXCHANGE | IN_MAIL | IN_KEY, 40, answer_auth},
	[ASK_AUTH_STEP]    = {0, EXCHANGE_RESPONSE_MAX, IN_EXCHANGE, IN_LOGIN, 120, answer_auth_step},
	[TELL_AUTH_CANCEL] = {0, 0, IN_EXCHANGE, IN_LOGIN, 40, hear_auth_cancel},
	[ASK_OFFER]        = {0, 0, 0, IN_LOGIN | IN_EXCHANGE | IN_MAIL | IN_KEY, KEEPER_OFFERS_MAX, answer_offer},
	[ASK_PATHS]        = {2, CHANNEL_BODY_MAX, 0, IN_EXCHANGE | IN_OPEN, 0, answer_paths},
	[ASK_OPEN]         = {sizeof(struct channel_open), CHANNEL_BODY_MAX, 0, IN_EXCHANGE | IN_OPEN, 0, answer_open},
	[ASK_COMMIT]       = {sizeof(struct channel_commit), sizeof(struct channel_commit) + CHANNEL_MSGID_MAX, IN_OPEN, 0, 0, answer_commit},
	[ASK_ABORT]        = {0, CHANNEL_MSGID_MAX, IN_MAIL, 0, 0, answer_abort},
	[TELL_TRACE]       = {0, CHANNEL_TRACE_MAX, 0, 0, 0, hear_trace},
	[TELL_END]         = {0, 1, 0, 0, 1, hear_end},
	// clang-format on
};

void
keeper_log(struct keeper *k, struct log_line *line)
{
	if (k->channel.log_lines++ > KEEPER_LOG_MAX)
		return;
	if (k->channel.log_lines > KEEPER_LOG_MAX)
		log_start(line, &k->log, "log suppressed");
	log_send(line, &k->log);
}

void
keeper_log_config(struct keeper *k, const char *file, const char *reason)
{
	struct log_line line;

	log_start(&line, &k->log, "config fail");
	log_text(&line, "file", file);
	log_text(&line, "reason", reason);
	keeper_log(k, &line);
}

int
keeper_answer(struct keeper *k, unsigned verdict)
{
	return keeper_answer_with(k, verdict, -1);
}

int
keeper_answer_with(struct keeper *k, unsigned verdict, int fd)
{
	/* A line for the log may have come since the request. */
	if (k->channel.pending != 0) {
		k->packet.type = k->channel.pending;
		k->channel.answered = k->now;
	}
	k->packet.code = (unsigned char)verdict;
	k->channel.pending = 0;
	/*
	 * A session that is gone is noticed by the loop. One that asks and asks
	 * and reads no answers, or cannot be told, would wait for ever.
	 */
	if (k->channel.fd == -1 ||
		channel_answer(k->channel.fd, &k->packet, fd) == 0 ||
		errno == EPIPE || errno == ECONNRESET)
		return 0;
	if (errno != EAGAIN)
		keeper_log_config(k, "sendmsg", strerror(errno));
	return -1;
}

void
keeper_log_connect(struct keeper *k, const char *event, const char *reason,
	const char *detail)
{
	const struct config *config = k->config;
	struct log_line line;

	log_start(&line, &k->log, event);
	log_value(&line, "port", config->port);
	log_value(&line, "proxy", config->proxy);
	log_text(&line, "reason", reason);
	log_text(&line, "detail", detail);
	keeper_log(k, &line);
}

void
keeper_log_tls(struct keeper *k, struct slice version, struct slice cipher,
	struct slice sni)
{
	struct log_line line;

	log_start(&line, &k->log, "tls ok");
	log_value(&line, "version", version);
	log_value(&line, "cipher", cipher);
	log_value(&line, "sni", sni);
	keeper_log(k, &line);
}

bool
keeper_relays(const struct keeper *k)
{
	return login_user(k) != NULL || k->config->relayclient_set;
}

static unsigned
state(const struct keeper *k)
{
	return (login_user(k) != NULL ? IN_LOGIN : 0u) |
	       (login_at_work(k) ? IN_EXCHANGE : 0u) |
	       (k->mail.state != MAIL_NONE ? IN_MAIL : 0u) |
	       (k->mail.state >= MAIL_OPEN ? IN_OPEN : 0u) |
	       (k->tls.on ? IN_TLS : 0u) |
	       (k->tls.outside.there ? IN_OUTSIDE : 0u) |
	       (k->tls.signed_once ? IN_SIGNED : 0u) |
	       (k->tls.signer.type != KEY_NONE && !k->tls.signed_once ? IN_KEY
								      : 0u);
}

/* May come at any time, and has no answer. */
static bool
is_note(unsigned type)
{
	return type == TELL_TRACE || type == TELL_END;
}

static bool
is_allowed(const struct keeper *k, unsigned type)
{
	const struct rule *rule = &rules[type];
	unsigned now = state(k);

	/* The session may not ask before it was answered. */
	if (!is_note(type) && (k->channel.pending != 0 || k->end.over))
		return false;
	return k->packet.len >= rule->min && k->packet.len <= rule->max &&
	       (now & rule->needs) == rule->needs && !(now & rule->forbids) &&
	       (rule->times == 0 || k->channel.times[type] < rule->times);
}

/* One packet from the session. Returns -1 for an attack. */
static int
serve(struct keeper *k)
{
	int got = channel_receive(k->channel.fd, &k->packet);

	if (got <= 0) {
		if (got == 0 && errno != 0 && errno != ECONNRESET)
			keeper_log_config(k, "recvfrom", strerror(errno));
		k->end.over = true;
		close(k->channel.fd);
		k->channel.fd = -1;
		return got;
	}
	unsigned type = k->packet.type;

	if (type == 0 || type >= CHANNEL_TYPES)
		return -1;
	/* The session did not know yet that the service stops. */
	if (k->end.stopped && !is_note(type))
		return 0;
	if (!is_allowed(k, type))
		return -1;
	if (k->channel.times[type] < UINT8_MAX)
		k->channel.times[type]++;
	k->channel.heard++;
	return rules[type].answer(k);
}

/* When something is to be done although nobody says anything. */
static int64_t
next_deadline(const struct keeper *k)
{
	const int64_t all[] = {keeper_deadline(k), k->mail.queue.deadline,
		login_next(k), k->late.deadline};
	int64_t first = CLOCK_NEVER;

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (all[i] < first)
			first = all[i];
	return first;
}

static int
advance_queue(struct keeper *k, bool moves)
{
	if (!moves && k->mail.queue.deadline > k->now)
		return 0;
	return queue_advance(&k->mail.queue) ? mail_finished(k) : 0;
}

/* One round of the loop. Returns -1 for an attack. */
static int
turn(struct keeper *k)
{
	enum { SESSION, AUTHENTICATOR, TERM, LATE, QUEUE };
	struct pollfd fds[QUEUE + QUEUE_POLL_MAX] = {
		[SESSION] = {.fd = k->channel.fd, .events = POLLIN},
		[AUTHENTICATOR] = {.fd = login_fd(k), .events = POLLIN},
		[TERM] = {.fd = k->end.term, .events = POLLIN},
		[LATE] = late_poll(&k->late),
	};
	size_t n = QUEUE + queue_poll(&k->mail.queue, fds + QUEUE);
	int ready = clock_poll(fds, n, next_deadline(k));
	bool queue_moves = false;

	if (ready == -1) {
		keeper_log_config(k, "poll", strerror(errno));
		return -1;
	}
	k->now = clock_ms();
	for (size_t i = QUEUE; i < n; i++)
		queue_moves |= fds[i].revents != 0;
	/* Verdicts first: the session may be waiting for one. */
	if (login_advance(k, fds[AUTHENTICATOR].revents != 0) == -1 ||
		late_advance(k, fds[LATE].revents != 0) == -1 ||
		advance_queue(k, queue_moves) == -1)
		return -1;
	/* What the session has asked for comes before the end. */
	if (fds[SESSION].revents != 0 && serve(k) == -1)
		return -1;
	if (fds[TERM].revents != 0) {
		close(k->end.term); /* the signal itself waits on */
		k->end.term = -1;
	}
	return 0;
}

/* The session is gone, or has said its last word. */
static bool
done(const struct keeper *k)
{
	return k->end.over && k->channel.fd == -1 &&
	       k->mail.queue.state == QUEUE_IDLE;
}

static void
let_go(struct keeper *k)
{
	login_abandon(k);
	late_let_go(k);
	if (k->mail.queue.state == QUEUE_READING)
		queue_abandon(&k->mail.queue);
}

/*
 * SIGTERM. A queue program that has its whole envelope is waited for, and the
 * session hears what it said; everything else ends here.
 */
static void
stop(struct keeper *k)
{
	if (k->end.over || k->end.stopped || k->channel.pending == ASK_COMMIT ||
		k->channel.pending == ASK_ABORT)
		return;
	let_go(k);
	end_stop(k);
}

/* The session does what it may not, or nothing for too long. */
static void
cut_off(struct keeper *k, enum keeper_end why)
{
	if ((k->end.why == 0 && !k->end.stopped) || why == KEEPER_END_ATTACK)
		k->end.why = why;
	if (k->channel.fd != -1)
		close(k->channel.fd);
	k->channel.fd = -1;
	k->end.over = true;
	let_go(k);
	end_reap(k, 0);
}

static void
begin(struct keeper *k)
{
	const struct config *config = k->config;

	k->channel.since = k->now = k->channel.start;
	login_init(k);
	late_init(&k->late);
	queue_init(&k->mail.queue);
	k->end.term = signals_term_fd();
	if (k->end.term == -1) {
		keeper_log_config(k, "signalfd", strerror(errno));
		k->end.term = TERM_NEVER;
	}
	if (!config->health_check)
		keeper_log_connect(k, "connect", NULL, NULL);
	/* The balancer's TLS is logged as ours would be. */
	if (config->tls_version.data != NULL)
		keeper_log_tls(k, config->tls_version, config->tls_cipher,
			config->tls_sni);
}

int
keeper_run(struct keeper *k)
{
	begin(k);
	while (!done(k)) {
		if (turn(k) == -1)
			cut_off(k, KEEPER_END_ATTACK);
		else if (k->now >= keeper_deadline(k))
			cut_off(k, KEEPER_END_OVERDUE);
		if (k->end.over)
			let_go(k);
		if (k->end.term == -1)
			stop(k);
		/* The session's end of the channel is closed: it exits. */
		if (k->channel.fd == -1)
			end_reap(k, KEEPER_GRACE_MS);
	}
	mail_lost(k);
	signer_close(&k->tls.signer);
	end_log(k);
	return k->end.why >= END_CODES ? 111 : 0;
}
