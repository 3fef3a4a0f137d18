/*
 * test_message - what -l and -t add to the look at a listener: logins by every
 * mechanism, a test message. Run by smtpd-check.
 */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "check/live.h"
#include "lib/words.h"

static void
report_login(struct live *l, struct slice mechanism, enum login_result result,
	const struct talk *t, const struct talk_reply *reply)
{
	const char *name = report_slice(mechanism);

	switch (result) {
	case LOGIN_DONE:
		report_ok("login", l->where, "%s by %s",
			report_slice(l->login.user), name);
		break;
	case LOGIN_REFUSED:
		live_add(l, LIVE_LOGIN,
			report_text("%s: %s", name, live_reply_text(reply)));
		break;
	case LOGIN_IMPOSTOR:
		live_add(l, LIVE_SIGNATURE, name);
		break;
	case LOGIN_MALFORMED:
		live_add(l, LIVE_LOGIN,
			report_text(
				"%s: no challenge of this mechanism", name));
		break;
	case LOGIN_ENDED:
		live_add(l, LIVE_ENDED, t->fault);
		break;
	}
}

/* A connection that is as good as the first was. */
static bool
open_safe(struct live *l, struct talk *t)
{
	static struct talk_reply reply;

	if (live_open(l, t, &reply, false) == 0 && live_is_safe(l, t))
		return true;
	if (t->fd == -1)
		live_add(l, LIVE_ENDED, l->fault);
	talk_close(t);
	return false;
}

/* One login on a connection of its own, which stays open after success. */
static bool
log_in(struct live *l, struct talk *t, struct slice mechanism)
{
	static struct talk_reply reply;

	if (!open_safe(l, t))
		return false;
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
	struct slice rest = slice_of(l->mechanisms), mechanism;
	bool open = false;

	while (!l->changed && words_next(&rest, &mechanism)) {
		struct talk next;

		if (!login_knows(mechanism)) {
			live_add(l, LIVE_UNTRIED, report_slice(mechanism));
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
		own ? report_slice(user)
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
		live_add(l, LIVE_ENDED, t->fault);
	else if (strcmp(step, "message") != 0 || reply.code != 250)
		live_add(l, LIVE_MESSAGE,
			report_text("%s: %s", step, live_reply_text(&reply)));
	else
		report_ok("message", l->where, "to %s: %s", l->recipient,
			live_reply_text(&reply));
}

void
live_mail(struct live *l, bool same_host)
{
	struct talk t = {.fd = -1};
	bool open;

	if (l->login_wanted && !same_host && !(l->secured && l->trusted)) {
		live_add(l, LIVE_UNSAFE, NULL);
		return;
	}
	if (l->login_wanted)
		open = log_in_by_all(l, &t);
	else
		open = open_safe(l, &t);
	open = open && !l->changed;
	if (open && l->recipient != NULL)
		send_message(l, &t);
	else if (!open && l->recipient != NULL)
		live_add(l, LIVE_MESSAGE,
			"not sent: no login worked, or nobody to be trusted");
	talk_close(&t);
}
