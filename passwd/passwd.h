/*
 * passwd - the commands of smtpd-passwd: what is asked, told and printed.
 *
 * Each returns the program's exit status and has printed its own reason.
 */
#ifndef PASSWD_PASSWD_H
#define PASSWD_PASSWD_H

#include "passwd/userfile.h"

#define PASSWD_PROGRAM "smtpd-passwd"

enum { PASSWD_NO = 1, PASSWD_USAGE = 100, PASSWD_TEMPORARY = 111 };

struct passwd_request {
	const char *file;   /* the text */
	int directory;	    /* where it stands; for control files */
	struct slice login; /* as stored: lower case, with its domain */
	uint32_t iterations;
	bool iterations_given; /* else it is the default */
};

/* Prints "smtpd-passwd: fatal: ..." and returns status. */
int passwd_fatal(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

int passwd_set(const struct passwd_request *r);
int passwd_del(const struct passwd_request *r);
int passwd_list(const struct passwd_request *r);
int passwd_check(const struct passwd_request *r);

/* Fills census on success, for what the control files add to it. */
int passwd_build(const struct passwd_request *r, struct census *census);

#endif
