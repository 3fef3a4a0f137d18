/*
 * open - what main does for the keeper before the fork, while it is root
 * still: it opens what may be root's alone.
 */
#ifndef KEEPER_OPEN_H
#define KEEPER_OPEN_H

#include <time.h>

#include "auth/authenticator.h"
#include "lib/bytes.h"

/* Who knows the passwords. */
struct backend {
	enum authenticator_kind kind;
	char *const *program;	     /* checkpassword and its arguments */
	const char *socket;	     /* Dovecot's */
	int users_fd;		     /* authusers.cdb, or -1 */
	struct timespec users_ctime; /* the file's, when it was opened */
	const char *users_reason;    /* why users_fd is -1, or NULL */
	struct slice mechanisms; /* offered, blanks between; empty: no AUTH */
};

struct keeper;

/*
 * Opens the backend, clientca.pem, and the certificate with its key. program:
 * checkpassword and its arguments, or NULL. What cannot be opened is logged,
 * now or when it is asked for. Returns whether STARTTLS is to be offered.
 */
bool keeper_open(struct keeper *k, char *const *program);

#endif
