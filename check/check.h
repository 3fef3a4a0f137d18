/*
 * check - what smtpd-check knows about one service, and the checks of it.
 *
 * Each check prints its lines and counts what is wrong; none changes
 * anything. They run in the order of this page, later ones rely on earlier.
 */
#ifndef CHECK_CHECK_H
#define CHECK_CHECK_H

#include <sys/types.h>

#include "check/report.h"
#include "check/servicedir.h"
#include "client/verify.h"
#include "control/config.h"

struct check {
	struct report report;
	struct service service;
	const char *directory; /* the control directory */
	struct config config;
	const char *roots_file;
	struct verify_roots *roots; /* NULL: could not be read */

	/* Set by us for the table's sake, where the launcher would. */
	const char *port_variable;

	/* The account that the server runs as. */
	const char *account;
	uid_t uid;
	gid_t gid;
	bool account_known;
	bool isolated; /* started as root */
	bool root;     /* we are root, and can be the account for a moment */

	/* What was found on the way, for later checks and the last line. */
	bool certificate;	/* there is one */
	bool ec;		/* its key is EC */
	bool old_tls;		/* tcp.rules allows TLS below 1.2 to somebody */
	const char *user;	/* somebody who can log in */
	const char *mechanisms; /* offered, blanks between; or "" */
};

/* settings.c: reads the configuration. -1: further checks make no sense. */
int check_settings(struct check *c);
/* settings.c: every effective setting, NAME = VALUE (WHERE), as -n has it. */
void check_print_settings(const struct check *c);
/* names.c: files and variables that nobody reads. */
void check_names(struct check *c);
/* rules.c: tcp.rules of the service directory. */
void check_rules(struct check *c);
/* Has it, or from/, a line of this address, or of any (NULL), that sets it? */
bool check_rules_exempt(const char *address, const char *variable);
/* me.c: the host's name. */
void check_me(struct check *c);
/* crowd.c: connlimit, and who connects. */
void check_crowd(struct check *c);
/* host.c: account, the jail's directory and uids, memory, statedir. */
void check_host(struct check *c);
/* lists.c: entries that can never match; those of one user. */
void check_lists(struct check *c);
void check_senders(struct check *c, struct slice login, struct slice senders);
/* certificate.c: chain, key, names. */
void check_certificates(struct check *c);
/* Dates, name and trust of a chain that a server showed. */
void check_chain(struct check *c, struct slice chain, const char *where,
	const char *name);
/* people.c: the user file; and its compiled form, open, or -1. */
void check_people(struct check *c);
int check_open_users(const struct check *c);
/* dovecot.c: what it offers, blanks between; NULL: it did not say. */
const char *check_ask_dovecot(const struct check *c, const char *path);
/* offer.c: sets mechanisms. */
void check_offer(struct check *c);
/* offer.c: users, wherever they are known, and what is offered to them. */
void check_users(struct check *c);
/* program.c: the queue program. */
void check_queue(struct check *c);
/* settings.c: files that a variable overrules. */
void check_overruled(struct check *c);
/* network.c: the name's addresses, and whether the service runs. */
void check_network(struct check *c);
const char *check_local_address(const struct check *c);

/* "env/FORCETLS", "control/me", "default": where a row's value comes from. */
const char *check_where(const struct check *c, const struct config_row *row);
/* The row of a file or, with a NULL file, of a variable; NULL: there is none.
 */
const struct config_row *check_row(const char *file, const char *variable);
/* A setting's first line, whether or not the table has it; NULL: none. */
const char *check_text(const struct check *c, const char *file,
	const char *variable, const char **where);
/*
 * A command that sets a variable of the service, or a control file. What
 * stands there is kept under another name.
 */
const char *check_cure_variable(
	const struct check *c, const char *name, const char *value);
const char *check_cure_file(
	const struct check *c, const char *name, const char *value);
/* A command that takes a variable away. */
const char *check_cure_unset(const struct check *c, const char *name);
/* certificate.c: a command that puts a certificate where it is looked for. */
const char *check_cure_certificate(const struct check *c);
/* The quoted path of a control file. */
const char *check_path(const struct check *c, const char *name);

/*
 * Runs ask() with the account's rights in a process of its own. Returns its
 * result, 0 to 255, or -1 when there is no such process. As it is when we
 * are not root.
 */
int check_as_account(
	const struct check *c, int (*ask)(const void *what), const void *what);

/* For check_as_account(): is it a program of one's own? 1 or 0. */
int check_can_run(const void *path);

#endif
