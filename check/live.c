/* live - see live.h. Run by smtpd-check. */
#include "check/certificates.h"
#include "check/live.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/verify.h"
#include "lib/clock.h"

#define SILENCE_MS 2000 /* then it may be waiting for a TLS handshake */
#define HEADER_MS 8000	/* or for a PROXY header, 5 seconds long */
#define PROBE "relay-test@example.net"

void
live_add(struct live *l, enum finding finding, const char *value)
{
	const char *subject =
		l->login_wanted ? report_quoted(report_slice(l->login.user))
				: l->name;

	report_add(&l->check->report, finding, l->where, value, subject);
}

const char *
live_reply_text(const struct talk_reply *reply)
{
	char text[256];
	size_t len = 0;

	for (; len < sizeof text - 1 && reply->text[len] != '\0'; len++)
		text[len] = reply->text[len] == '\n' ? ' ' : reply->text[len];
	text[len] = '\0';
	return report_text("%03u %s", reply->code, text);
}

/* A keyword of EHLO with its parameters, or absent. */
static struct slice
offer(const struct talk_reply *reply, const char *keyword)
{
	struct slice rest = slice_of(reply->text), line;

	(void)slice_split(&rest, '\n'); /* the server's name */
	while (rest.data != NULL) {
		line = slice_split(&rest, '\n');
		struct slice parameters = line;

		if (slice_is_nocase(slice_split(&parameters, ' '), keyword))
			return parameters.data == NULL ? slice_of("")
						       : parameters;
	}
	return SLICE_NONE;
}

static int
hello(struct live *l, struct talk *t, struct talk_reply *reply)
{
	char name[256] = "";

	/* Some servers refuse a name without a dot; RFC 5321 §4.1.3. */
	if (gethostname(name, sizeof name - 1) == -1 ||
		memchr(name, '.', sizeof name) == NULL)
		(void)strcpy(name, "[127.0.0.1]");
	name[sizeof name - 1] = '\0';
	if (talk_ask(t, reply, "EHLO %s", name) == -1) {
		live_add(l, LIVE_ENDED, t->fault);
		return -1;
	}
	if (reply->code == 250)
		return 0;
	live_add(l, LIVE_EHLO, live_reply_text(reply));
	return -1;
}

static int
connect_to(const struct live *l, struct talk *t)
{
	if (talk_open(t, l->host, l->port) == -1)
		return -1;
	return l->introduced ? talk_introduce(t) : 0;
}

/* Says nothing for a while: TLS is tried on a connection of its own. */
static bool
speaks_tls(struct live *l)
{
	struct talk t;
	bool secure = connect_to(l, &t) == 0 && talk_secure(&t, l->name) == 0;

	talk_close(&t);
	return secure;
}

/*
 * Once more, with a PROXY header before all else. It names our own address, as
 * who logs in is a client: LOCAL, which haproxy's checks say, may not.
 */
static bool
reopen(struct live *l, struct talk *t)
{
	talk_close(t);
	l->introduced = true;
	return connect_to(l, t) == 0;
}

static int
start_tls(struct live *l, struct talk *t)
{
	if (talk_secure(t, l->name) == 0)
		return 0;
	live_add(l,
		l->implicit && strcmp(l->port, "465") == 0 ? LIVE_PLAIN_465
							   : LIVE_TLS,
		t->fault);
	return -1;
}

static int
greeting(struct live *l, struct talk *t, struct talk_reply *reply)
{
	if (talk_reply(t, reply) == -1) {
		live_add(l, LIVE_ENDED,
			l->introduced ? report_text("%s (a PROXY header was "
						    "sent)",
						t->fault)
				      : t->fault);
		return -1;
	}
	if (reply->code == 220)
		return 0;
	live_add(l, LIVE_GREETING, live_reply_text(reply));
	return -1;
}

/* Password mechanisms before TLS; tcp.rules has them for this host itself. */
static void
look_at_clear(struct live *l, const struct talk_reply *reply, bool on_loopback)
{
	struct slice names = offer(reply, "AUTH");

	if (names.data != NULL && on_loopback)
		report_ok("AUTH", l->where,
			"offered before TLS to this host itself; what others "
			"are offered can be seen from another host");
	else if (names.data != NULL)
		live_add(l, LIVE_AUTH_CLEAR, report_slice(names));
	else
		report_ok("AUTH", l->where, "not offered before TLS");
}

static int
upgrade(struct live *l, struct talk *t, struct talk_reply *reply, bool first)
{
	if (offer(reply, "STARTTLS").data == NULL) {
		if (first)
			live_add(l, LIVE_NO_STARTTLS, NULL);
		return 0;
	}
	if (first)
		look_at_clear(l, reply, t->loopback);
	if (talk_ask(t, reply, "STARTTLS") == -1) {
		live_add(l, LIVE_ENDED, t->fault);
		return -1;
	}
	if (reply->code != 220) {
		live_add(l, LIVE_TLS, live_reply_text(reply));
		return -1;
	}
	return start_tls(l, t) == -1 ? -1 : hello(l, t, reply);
}

static bool
is_tls_first(struct live *l, struct talk *t)
{
	return strcmp(l->port, "465") == 0 ||
	       (!talk_wait(t, SILENCE_MS) && speaks_tls(l));
}

/*
 * What comes first? Who waits for a PROXY header says nothing, takes no
 * handshake, and hangs up: then one is sent.
 */
static void
look_at_opening(struct live *l, struct talk *t)
{
	bool mute;

	l->implicit = is_tls_first(l, t);
	if (l->introduced)
		return;
	mute = strcmp(l->port, "465") == 0 ? !speaks_tls(l) : !l->implicit;
	if (mute && talk_wait(t, HEADER_MS) && talk_ended(t) && reopen(l, t))
		l->implicit = is_tls_first(l, t);
}

int
live_open(struct live *l, struct talk *t, struct talk_reply *reply, bool first)
{
	if (connect_to(l, t) == -1) {
		l->fault = t->fault;
		return -1;
	}
	if (first)
		look_at_opening(l, t);
	if (l->implicit && start_tls(l, t) == -1)
		return -1;
	if (greeting(l, t, reply) == -1 || hello(l, t, reply) == -1)
		return -1;
	return l->implicit ? 0 : upgrade(l, t, reply, first);
}

static struct slice
chain_of(const struct live *l)
{
	return (struct slice){l->chain, l->chain_len};
}

/* Would a client take it? Lines are for people, this is what counts. */
static bool
is_trusted(const struct live *l)
{
	const struct verify_roots *roots = l->check->roots;
	int64_t left, until;

	return roots != NULL && verify_trust(roots, chain_of(l)) == NULL &&
	       verify_name(chain_of(l), l->name) &&
	       verify_days(chain_of(l), &left, &until) == 0 && left >= 0 &&
	       until <= 0;
}

/* The chain of this connection becomes the one that is known. */
static void
keep_chain(struct live *l, const struct talk *t)
{
	struct slice chain = secure_chain(t->tls);

	memcpy(l->chain, chain.data, chain.len);
	l->chain_len = chain.len;
}

static void
look_at_chain(struct live *l, const struct talk *t)
{
	unsigned fails = l->check->report.fails;

	keep_chain(l, t);
	certificates_shown(l->check, chain_of(l), l->where, l->name);
	l->trusted = is_trusted(l) && l->check->report.fails == fails;
}

static bool
is_same_chain(const struct live *l, const struct talk *t)
{
	return slice_equal(secure_chain(t->tls), chain_of(l));
}

/* What a connection lacks that the first had; NULL: nothing. */
static const char *
change_for_worse(struct live *l, const struct talk *t)
{
	if (t->tls == NULL && l->secured)
		return "has no TLS";
	if (t->tls == NULL || !l->secured || is_same_chain(l, t))
		return NULL;
	look_at_chain(l, t);
	return l->trusted ? NULL
			  : "has another certificate, which does not hold";
}

bool
live_is_safe(struct live *l, const struct talk *t)
{
	const char *change = change_for_worse(l, t);

	if (change != NULL) {
		live_add(l, LIVE_CHANGED, change);
		l->changed = true;
		return false;
	}
	if (!l->login_wanted || t->same_host || (t->tls != NULL && l->trusted))
		return true;
	live_add(l, LIVE_UNSAFE, NULL);
	return false;
}

static void
look_at_tls(struct live *l, const struct talk *t)
{
	if (!l->secured)
		return;
	report_ok("TLS", l->where, "%s, TLS 1.%u",
		l->implicit ? "from the first byte" : "STARTTLS",
		(secure_version(t->tls) & 0xff) - 1);
	if (!l->chain_known || !t->same_host)
		look_at_chain(l, t);
	else
		keep_chain(l, t);
}

static void
look_at_auth(struct live *l, const struct talk_reply *reply)
{
	struct slice names = offer(reply, "AUTH");
	struct buffer b = BUFFER_OVER(l->mechanisms);

	if (names.data != NULL) {
		buffer_add_slice(&b, names);
		if (buffer_string(&b) == NULL)
			l->mechanisms[0] = '\0';
		report_ok("AUTH", l->where, "%s", l->mechanisms);
	} else if (strcmp(l->port, "25") == 0 && !l->login_wanted) {
		report_ok("AUTH", l->where, "not offered");
	} else {
		live_add(l, LIVE_NO_AUTH, NULL);
	}
}

/* A recipient that is nobody's here must be refused without a login. */
static int
probe_relay(struct live *l, struct talk *t, struct talk_reply *reply)
{
	if (talk_ask(t, reply, "MAIL FROM:<postmaster@%s>", l->name) == -1)
		goto ended;
	if (reply->code == 250 &&
		talk_ask(t, reply, "RCPT TO:<" PROBE ">") == -1)
		goto ended;
	if (reply->code == 250 || reply->code == 251)
		live_add(l, LIVE_RELAY, PROBE);
	else
		report_ok("relaying", l->where, "refused without a login: %s",
			live_reply_text(reply));
	return 0;
ended:
	live_add(l, LIVE_ENDED, t->fault);
	return -1;
}

int
live_check(struct live *l)
{
	static struct talk_reply reply;
	static struct talk t;
	unsigned fails = l->check->report.fails;
	int64_t start = clock_ms();
	int opened = live_open(l, &t, &reply, true);
	bool same_host = t.same_host;

	l->milliseconds = clock_ms() - start;
	if (l->fault != NULL)
		return -1;
	l->secured = t.tls != NULL;
	if (l->introduced && opened == 0)
		report_ok("PROXY", l->where,
			"a header comes first, and this host may send it");
	if (opened == 0) {
		look_at_tls(l, &t);
		look_at_auth(l, &reply);
		(void)probe_relay(l, &t, &reply); /* has told why it ended */
	} else if (fails == l->check->report.fails) {
		live_add(l, LIVE_ENDED, t.fault);
	}
	talk_close(&t);
	if (opened == 0 && (l->login_wanted || l->recipient != NULL))
		live_mail(l, same_host);
	return 0;
}
