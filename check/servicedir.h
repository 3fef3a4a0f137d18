/*
 * servicedir - a service directory: env/ as envdir(8) reads it, and what can be
 * read off the run script.
 */
#ifndef CHECK_SERVICEDIR_H
#define CHECK_SERVICEDIR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define SERVICEDIR_RUN_MAX 65536 /* octets of a run script */

struct service {
	const char *directory; /* absolute; NULL: our own environment */
	const char *fault;     /* of the run script; NULL: it was understood */
	const char *unclear;   /* what of it a shell has to find out, or NULL */
	/* Of the launcher. */
	const char *address, *port; /* NULL: not known */
	const char *launched_as;    /* another user than root, or NULL */
	bool launched_as_unknown;
	const char *environment_user; /* envuidgid's, or NULL */
	bool begins_tls;	      /* at STARTTLS: UCSPI-TLS */
	bool rblsmtpd, proxy_server;  /* in front of smtpd-auth */
	uint64_t memory;	      /* octets, softlimit -m; 0: no limit */
	/* Options of smtpd-auth; with its defaults. */
	const char *account; /* NULL: not given */
	const char *jail;
	uint64_t base;
	const char *checkpassword; /* the program in place of the user file */
	bool smtps;
};

/*
 * Makes env/ our environment (besides PATH), and the directory our working
 * directory. Returns 0, or -1 with errno and *what to say what failed.
 */
int servicedir_enter(
	struct service *s, const char *directory, const char **what);

/*
 * Reads run in the working directory. A port that it does not tell is the
 * directory's name, when that is a number.
 */
void servicedir_read_run(struct service *s);

/* The same of a text. */
void servicedir_parse_run(struct service *s, const char *text);

/* A directory as envdir(8) reads it, into our environment. 0, or -1. */
int servicedir_read_environment(const char *directory);

/* Defaults, when there is no service directory. */
void servicedir_defaults(struct service *s);

/* Where its run script is, for a command of the shell. */
const char *servicedir_run(const struct service *s);

#endif
