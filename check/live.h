/*
 * live - talk to the listener as a mail program does: TLS, certificate,
 * AUTH, and that it is no open relay.
 */
#ifndef CHECK_LIVE_H
#define CHECK_LIVE_H

#include "check/check.h"
#include "check/login.h"

struct live {
	struct check *check;
	const char *host, *port; /* where to connect */
	const char *name;	 /* that clients know the server by */
	const char *where;	 /* host:port, for the lines */
	const char *recipient;	 /* of the test message, or NULL */
	bool login_wanted;
	struct login login;
	bool chain_known; /* the files were looked at: not once more */
	/* found on the way */
	const char *fault; /* no connection at all */
	bool implicit, secured, trusted;
	char mechanisms[512];
};

/* Returns 0, or -1 with fault when nobody answered. */
int live_check(struct live *l);

#endif
