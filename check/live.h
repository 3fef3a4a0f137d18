/*
 * live - talk to the listener as a mail program does: TLS, certificate,
 * AUTH, and that it is no open relay.
 */
#ifndef CHECK_LIVE_H
#define CHECK_LIVE_H

#include "check/check.h"
#include "check/try_login.h"

struct live {
	struct check *check;
	const char *host, *port; /* where to connect */
	const char *name;	 /* that clients know the server by */
	const char *where;	 /* host:port, for the lines */
	const char *recipient;	 /* of the test message, or NULL */
	bool login_wanted;
	struct login login;
	bool introduced;  /* a PROXY header comes first */
	bool chain_known; /* its files were checked: they are not once more */
	/* found on the way */
	const char *fault; /* no connection at all */
	bool implicit;
	int64_t milliseconds; /* until it was ready for mail */
	/* Of the first connection: what was trusted must hold on each. */
	bool secured;
	bool trusted; /* the chain was looked at, and a client would take it */
	char chain[SECURE_CHAIN_MAX];
	size_t chain_len;
	bool changed; /* a later connection was worse: no more is said on any */
	char mechanisms[512];
};

/* Returns 0, or -1 with fault when nobody answered. */
int live_check(struct live *l);

/* For test_message.c: a line of the report; value may be NULL. */
void live_add(struct live *l, enum finding finding, const char *value);
const char *live_reply_text(const struct talk_reply *reply);
/*
 * From connecting to the last EHLO; it stays in reply. Returns 0, or -1: was
 * told, or with t->fd -1 stands in fault.
 */
int live_open(
	struct live *l, struct talk *t, struct talk_reply *reply, bool first);
/*
 * Is it as good as the first was, and may a password be said on it? Tells of a
 * connection that is less than the first was: without TLS, or with another
 * certificate that does not hold.
 */
bool live_is_safe(struct live *l, const struct talk *t);

/* test_message.c: what -l and -t add, each on connections of its own. */
void live_mail(struct live *l, bool same_host);

#endif
