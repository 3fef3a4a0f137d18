/*
 * passwd - the commands of smtpd-passwd: what is asked, told and printed.
 *
 * Each returns the program's exit status and has printed its own reason.
 */
#ifndef PASSWD_PASSWD_H
#define PASSWD_PASSWD_H

#include <stdio.h>

#include "lib/tool.h"
#include "passwd/userfile.h"

#define PASSWD_PROGRAM "smtpd-passwd"

#define PASSWD_IMPORT "[-D DOMAIN] FORMAT FILE" /* what import takes */

enum { PASSWD_NO = 1 }; /* an exit code; else lib/tool.h's */

struct passwd_request {
	const char *file; /* the text */
	int directory;	  /* where it stands; for control files */
	/*
	 * As stored: lower case, with its domain, until passwd_find() makes
	 * it the login of the line that is there.
	 */
	struct slice login;
	struct slice twin; /* the same user's other line, or absent */
	struct slice twin_record;
	struct slice domain;	   /* for a login without one: authdomain */
	const char *import_domain; /* -D, or NULL */
	char **arguments; /* what comes after USER, or after the command */
	size_t arguments_count;
	bool no_output; /* standard output was closed */
	uint32_t iterations;
	bool iterations_given; /* else it is the default */
	unsigned weaker;       /* RECORD_CRAM_MD5, ... */
	struct slice realm;    /* of DIGEST-MD5: control/me */
};

/* What the files of commands share. */

/*
 * Puts a login in the form in which it is stored, lower case and with the
 * domain it lacks, into out. NULL, or what is wrong with it.
 */
const char *passwd_login(
	struct slice user, struct slice domain, struct buffer *out);

/* What is wrong with a password that is to be stored; NULL: nothing. */
const char *passwd_fault(const struct buffer *password);

/* A password of the terminal or of standard input; else it was told why. */
int passwd_ask(const char *prompt, struct buffer *password);

int passwd_trouble(const struct userfile *f); /* the message, as fatal */
void passwd_print_usable(FILE *out, const struct user *user); /* and LF */
void passwd_print_done(const struct passwd_request *r, const char *what);
void passwd_warn_if_old(const struct userfile *f);

/* Opens the text, which may be missing. Where it cannot be, it was told why. */
int passwd_open(
	struct userfile *f, const struct passwd_request *r, bool to_change);

/* The same of a text that must be there. */
int passwd_open_existing(
	struct userfile *f, const struct passwd_request *r, bool to_change);

/*
 * Finds the user's line as the server does: login@authdomain, else the login
 * alone. Both are there: the other one is r's twin. False: none, and r is as
 * it was.
 */
bool passwd_find(const struct userfile *f, struct passwd_request *r,
	struct userfile_line *line);

/* "no such user", PASSWD_NO. */
int passwd_unknown(const struct passwd_request *r);

/*
 * Stores a password as r says, once show was written to standard output;
 * warns when -i had to give way.
 */
int passwd_store(struct userfile *f, const struct passwd_request *r,
	struct slice label, struct slice password, struct slice show,
	struct user *user);

/* passwd.c */
int passwd_set(struct passwd_request *r);
int passwd_del(struct passwd_request *r);
/* check_password.c */
int passwd_check(struct passwd_request *r);
/* people.c */
int passwd_sender(struct passwd_request *r);
int passwd_disable(struct passwd_request *r);
int passwd_enable(struct passwd_request *r);
/* apps.c */
int passwd_newapp(struct passwd_request *r);
int passwd_delapp(struct passwd_request *r);
int passwd_expire(struct passwd_request *r);
/* list.c */
int passwd_list(struct passwd_request *r);
int passwd_export(struct passwd_request *r);
/* import.c */
int passwd_import(struct passwd_request *r);
/* passwd.c: fills census on success, for what the control files add to it. */
int passwd_build(struct passwd_request *r, struct census *census);

#endif
