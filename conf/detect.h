/*
 * detect - which supervisor and which queue this host has.
 */
#ifndef CONF_DETECT_H
#define CONF_DETECT_H

#include "conf/conf.h"

#define SUPERVISOR_TOOLS 5
#define SUPERVISOR_DIRECTORIES 5

enum supervisor_kind { UNDER_TCPSERVER, UNDER_XINETD, UNDER_SYSTEMD };

struct supervisor {
	const char *name; /* as -S has it */
	enum supervisor_kind kind;
	const char *process; /* its name in /proc while it runs */
	const char *program; /* in PATH where it is installed */
	const char *package; /* of Debian */
	const char *envdir;  /* the program that reads env/ */
	const char *logger;  /* @LOGACCOUNT@ is filled in */
	const char *directories[SUPERVISOR_DIRECTORIES]; /* one is scanned */
	const char *tools[SUPERVISOR_TOOLS]; /* what the scripts call */
};

/* By its name; NULL when there is none such. */
const struct supervisor *supervisor_find(const char *name);

/*
 * Sets conf->supervisor, if it is not set: the first that runs, else the
 * first that is installed; and where it looks for services. Warns of what
 * the scripts would miss.
 */
int detect_supervisor(struct conf *conf);

/* The directory of this program, where the others of the project lie. */
int detect_programs(struct conf *conf);

/*
 * The control directory: qmail's, where there is one and DIR is the usual one
 * and has none.
 */
void detect_control(struct conf *conf);

/* The queue program: qmail-queue, else queue-sendmail. Warns of none. */
int detect_queue(struct conf *conf);

#endif
