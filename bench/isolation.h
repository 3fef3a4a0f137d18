/*
 * isolation - the processes and jails of smtpd-auth around a conversation of
 * fixed replies: keeper and session, a process more for a login, the message
 * pipe passed on, one log line at either end. What is said, and how, is the
 * program's around it.
 */
#ifndef BENCH_ISOLATION_H
#define BENCH_ISOLATION_H

#include "bench/canned.h"

struct isolation {
	const char *sink, *empty;	/* queue program, the jail's root */
	void (*talk)(struct canned *c); /* the session's, wire in the clear */
	/*
	 * The keeper's, for TLS, or NULL. Loads the key, still as root: 0 or
	 * -1. Signs data in place: the octets, or 0.
	 */
	int (*load)(void);
	size_t (*sign)(unsigned char *data, size_t len, size_t cap);
};

/* Called as root: returns the keeper's exit status. */
int isolation_run(const struct isolation *how);

/*
 * The session's: has the keeper sign len octets of data in place. Returns the
 * signature's length, or 0.
 */
size_t isolation_ask_sign(unsigned char *data, size_t len, size_t cap);

#endif
