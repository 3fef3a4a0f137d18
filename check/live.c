/* live - see live.h. Run by smtpd-check. */
#include "check/live.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SILENCE_MS 2000 /* then it may be waiting for a TLS handshake */
#define PROBE "relay-test@example.net"

static void
add(struct live *l, enum finding finding, const char *value)
{
	const char *subject =
		l->login_wanted
			? report_quoted(report_text("%.*s",
				  (int)l->login.user.len, l->login.user.data))
			: l->name;

	report_add(&l->check->report, finding, l->where, value, subject);
}

static const char *
reply_text(const struct talk_reply *reply)
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
	return (struct slice){NULL, 0};
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
		add(l, LIVE_ENDED, t->fault);
		return -1;
	}
	if (reply->code == 250)
		return 0;
	add(l, LIVE_EHLO, reply_text(reply));
	return -1;
}

/* Says nothing for a while: TLS is tried on a connection of its own. */
static bool
speaks_tls(struct live *l)
{
	struct talk t;
	bool secure = talk_open(&t, l->host, l->port) == 0 &&
		      talk_secure(&t, l->name) == 0;

	talk_close(&t);
	return secure;
}

static int
start_tls(struct live *l, struct talk *t)
{
	if (talk_secure(t, l->name) == 0) {
		l->secured = true;
		return 0;
	}
	add(l,
		l->implicit && strcmp(l->port, "465") == 0 ? LIVE_PLAIN_465
							   : LIVE_TLS,
		t->fault);
	return -1;
}

static int
greeting(struct live *l, struct talk *t, struct talk_reply *reply)
{
	if (talk_reply(t, reply) == -1) {
		add(l, LIVE_ENDED, t->fault);
		return -1;
	}
	if (reply->code == 220)
		return 0;
	add(l, LIVE_GREETING, reply_text(reply));
	return -1;
}

/* Password mechanisms before TLS; to this host itself that may be wanted. */
static void
look_at_clear(struct live *l, const struct talk_reply *reply)
{
	struct slice names = offer(reply, "AUTH");

	if (names.data != NULL)
		add(l, LIVE_AUTH_CLEAR,
			report_text("%.*s", (int)names.len, names.data));
	else
		report_ok("AUTH", l->where, "not offered before TLS");
}

static int
upgrade(struct live *l, struct talk *t, struct talk_reply *reply, bool first)
{
	if (offer(reply, "STARTTLS").data == NULL) {
		if (first)
			add(l, LIVE_NO_STARTTLS, NULL);
		return 0;
	}
	if (first)
		look_at_clear(l, reply);
	if (talk_ask(t, reply, "STARTTLS") == -1) {
		add(l, LIVE_ENDED, t->fault);
		return -1;
	}
	if (reply->code != 220) {
		add(l, LIVE_TLS, reply_text(reply));
		return -1;
	}
	return start_tls(l, t) == -1 ? -1 : hello(l, t, reply);
}

/* From connecting to the last EHLO; it stays in reply. */
static int
open_session(
	struct live *l, struct talk *t, struct talk_reply *reply, bool first)
{
	if (talk_open(t, l->host, l->port) == -1) {
		l->fault = t->fault;
		return -1;
	}
	if (first)
		l->implicit = strcmp(l->port, "465") == 0 ||
			      (!talk_wait(t, SILENCE_MS) && speaks_tls(l));
	if (l->implicit && start_tls(l, t) == -1)
		return -1;
	if (greeting(l, t, reply) == -1 || hello(l, t, reply) == -1)
		return -1;
	return l->implicit ? 0 : upgrade(l, t, reply, first);
}

static void
look_at_tls(struct live *l, const struct talk *t)
{
	unsigned fails = l->check->report.fails;
	unsigned version;

	if (!l->secured)
		return;
	version = secure_version(t->tls);
	report_ok("TLS", l->where, "%s, TLS 1.%u",
		l->implicit ? "from the first byte" : "STARTTLS",
		(version & 0xff) - 1);
	if (!l->chain_known)
		check_chain(l->check, secure_chain(t->tls), l->where, l->name);
	l->trusted = l->check->roots != NULL && l->check->report.fails == fails;
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
		add(l, LIVE_NO_AUTH, NULL);
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
		add(l, LIVE_RELAY, PROBE);
	else
		report_ok("relaying", l->where, "refused without a login: %s",
			reply_text(reply));
	return 0;
ended:
	add(l, LIVE_ENDED, t->fault);
	return -1;
}

static void
report_login(struct live *l, struct slice mechanism, enum login_result result,
	const struct talk *t, const struct talk_reply *reply)
{
	const char *name =
		report_text("%.*s", (int)mechanism.len, mechanism.data);

	switch (result) {
	case LOGIN_DONE:
		report_ok("login", l->where, "%s by %s",
			report_text("%.*s", (int)l->login.user.len,
				l->login.user.data),
			name);
		break;
	case LOGIN_REFUSED:
		add(l, LIVE_LOGIN,
			report_text("%s: %s", name, reply_text(reply)));
		break;
	case LOGIN_IMPOSTOR:
		add(l, LIVE_SIGNATURE, name);
		break;
	case LOGIN_MALFORMED:
		add(l, LIVE_LOGIN,
			report_text(
				"%s: no challenge of this mechanism", name));
		break;
	case LOGIN_ENDED:
		add(l, LIVE_ENDED, t->fault);
		break;
	}
}

/* One login on a connection of its own, which stays open after success. */
static bool
log_in(struct live *l, struct talk *t, struct slice mechanism)
{
	static struct talk_reply reply;

	if (open_session(l, t, &reply, false) == -1) {
		if (t->fd == -1)
			add(l, LIVE_ENDED, l->fault);
		talk_close(t);
		return false;
	}
	enum login_result result = login_try(&l->login, t, mechanism, &reply);

	report_login(l, mechanism, result, t, &reply);
	if (result != LOGIN_DONE)
		talk_close(t);
	return result == LOGIN_DONE;
}

/*
 * By every mechanism that is offered. Returns whether t is logged in by the
 * last one that did it.
 */
static bool
log_in_by_all(struct live *l, struct talk *t)
{
	struct slice rest = slice_of(l->mechanisms);
	bool open = false;

	while (rest.len > 0) {
		struct slice mechanism = slice_split(&rest, ' ');
		struct talk next;

		if (mechanism.len == 0)
			continue;
		if (!login_knows(mechanism)) {
			add(l, LIVE_UNTRIED,
				report_text("%.*s", (int)mechanism.len,
					mechanism.data));
			continue;
		}
		if (!log_in(l, &next, mechanism))
			continue;
		if (open)
			talk_close(t);
		*t = next;
		open = true;
	}
	return open;
}

static int
send_body(struct live *l, struct talk *t, const char *sender,
	struct talk_reply *reply)
{
	char date[64];
	time_t now = time(NULL);
	struct tm broken;

	if (gmtime_r(&now, &broken) == NULL ||
		strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000",
			&broken) == 0)
		return -1;
	return talk_ask(t, reply,
		"Date: %s\r\nFrom: <%s>\r\nTo: <%s>\r\n"
		"Message-ID: <smtpd-check.%lld.%ld@%s>\r\n"
		"Subject: test of %s by smtpd-check\r\n\r\n"
		"If you read this, mail goes through %s.\r\n.",
		date, sender, l->recipient, (long long)now, (long)getpid(),
		l->name, l->where, l->where);
}

static void
send_message(struct live *l, struct talk *t)
{
	static struct talk_reply reply;
	struct slice user = l->login.user;
	bool own = l->login_wanted && slice_find(user, '@') < user.len;
	const char *sender =
		own ? report_text("%.*s", (int)user.len, user.data)
		    : report_text("%.*s@%s",
			      l->login_wanted ? (int)user.len : 10,
			      l->login_wanted ? user.data : "postmaster",
			      l->name);
	const char *step = "MAIL";
	int asked = talk_ask(t, &reply, "MAIL FROM:<%s>", sender);

	if (asked == 0 && reply.code == 250) {
		step = "RCPT";
		asked = talk_ask(t, &reply, "RCPT TO:<%s>", l->recipient);
	}
	if (asked == 0 && (reply.code == 250 || reply.code == 251)) {
		step = "DATA";
		asked = talk_ask(t, &reply, "DATA");
	}
	if (asked == 0 && reply.code == 354) {
		step = "message";
		asked = send_body(l, t, sender, &reply);
	}
	if (asked == -1)
		add(l, LIVE_ENDED, t->fault);
	else if (strcmp(step, "message") != 0 || reply.code != 250)
		add(l, LIVE_MESSAGE,
			report_text("%s: %s", step, reply_text(&reply)));
	else
		report_ok("message", l->where, "to %s: %s", l->recipient,
			reply_text(&reply));
}

/* What -l and -t add, each on connections of its own. */
static void
look_at_mail(struct live *l, bool same_host)
{
	static struct talk_reply reply;
	struct talk t = {.fd = -1};
	bool open;

	if (l->login_wanted && !same_host && !(l->secured && l->trusted)) {
		add(l, LIVE_UNSAFE, NULL);
		return;
	}
	if (l->login_wanted)
		open = log_in_by_all(l, &t);
	else
		open = open_session(l, &t, &reply, false) == 0;
	if (open && l->recipient != NULL)
		send_message(l, &t);
	else if (!open && l->recipient != NULL)
		add(l, LIVE_MESSAGE, "not sent, since no login worked");
	talk_close(&t);
}

int
live_check(struct live *l)
{
	static struct talk_reply reply;
	static struct talk t;
	unsigned fails = l->check->report.fails;
	int opened = open_session(l, &t, &reply, true);
	bool same_host = t.same_host;

	if (l->fault != NULL)
		return -1;
	if (opened == 0) {
		look_at_tls(l, &t);
		look_at_auth(l, &reply);
		(void)probe_relay(l, &t, &reply); /* has told why it ended */
	} else if (fails == l->check->report.fails) {
		add(l, LIVE_ENDED, t.fault);
	}
	talk_close(&t);
	if (opened == 0 && (l->login_wanted || l->recipient != NULL))
		look_at_mail(l, same_host);
	return 0;
}
