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
#include "control/config.h"

#define CHECK_NO_DAYS INT64_MAX

struct check {
	struct report report;
	struct service service;
	const char *directory; /* the control directory */
	struct config config;
	const char *me; /* config's, as a text */
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
	unsigned senders_faults; /* entries of users that never match */

	/* Left of the certificate that ends first; CHECK_NO_DAYS: none. */
	int64_t days;
};

/* settings.c: reads the configuration. -1: further checks make no sense. */
int check_settings(struct check *c);
/* mechanisms.c: those that are offered. */
void check_mechanisms(struct check *c);
/* settings.c: every effective setting, NAME = VALUE (WHERE), as -n has it. */
void check_print_settings(const struct check *c);
/* me.c: the host's name. */
void check_me(struct check *c);
/* host.c: account, the jail's directory and uids, memory, statedir. */
void check_host(struct check *c);
/* container.c: what the kernel, or a container, allows, for check_host(). */
void check_container(struct check *c);
/*
 * mechanisms.c: TLS is the launcher's at STARTTLS (UCSPI-TLS)? Then what is in
 * control/ counts for nothing, and is not looked at.
 */
bool check_launcher_tls(struct check *c);
/* certificates.c: chain, key, names. */
void check_certificates(struct check *c);
/* mechanisms.c: users, wherever they are known, and what is offered to them. */
void check_users(struct check *c);
/* logins.c: the user file, for check_users(). */
void check_logins(struct check *c);
/* programs.c: the queue program. */
void check_programs(struct check *c);
/* qmqp.c: its servers, for check_programs(). */
void check_qmqp(struct check *c);
/* misspelt.c: files and variables that nobody reads. */
void check_misspelt(struct check *c);
/* proxied.c: who may send a PROXY header, for check_misspelt(). */
void check_proxied(struct check *c);
/* proxied.c: must this address, ours, send one, tcp.rules aside? */
bool check_introduces(const struct check *c, const char *address);
/* rules.c: tcp.rules of the service directory, for check_misspelt(). */
void check_rules(struct check *c);
/* settings.c: files that a variable overrules. */
void check_overruled(struct check *c);
/* lists.c: entries that can never match. */
void check_lists(struct check *c);
/* existing.c: validrcptto, its cdb, and the program rcptcheck. */
void check_existing(struct check *c);
/* daemon.c: the policy daemon. */
void check_daemon(struct check *c);
/* crowd.c: connlimit, and who connects. */
void check_crowd(struct check *c);
/* network.c: the name's addresses, and whether the service runs. */
void check_network(struct check *c);

#endif
