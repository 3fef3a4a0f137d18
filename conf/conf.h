/*
 * conf - what the parts of smtpd-auth-conf share: the request as typed, what
 * was found on this host, and how an error is told.
 *
 * Functions that return int print their own error line and return 0 or the
 * exit status; whoever calls passes it on, and the main cleans up.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <sys/types.h>

#include "lib/bytes.h"
#include "lib/tool.h"

#define CONF_PROGRAM "smtpd-auth-conf"
#define CONF_DIRECTORY "/etc/smtpd-auth"
#define CONF_STATE "/var/lib/smtpd-auth"
#define CONF_PATH_MAX 512
#define CONF_PORTS_MAX 16

struct supervisor;

struct account {
	const char *name;
	uid_t uid;
	gid_t gid;
	bool missing; /* to be made */
	bool made;    /* by us: removed when a later step fails */
};

struct conf {
	/* as typed */
	const char *directory; /* absolute, of harmless characters */
	const char *host;      /* lower case */
	unsigned ports[CONF_PORTS_MAX];
	size_t ports_count;
	bool create; /* make missing accounts */
	struct account account, log_account;
	char balancers[CONF_PATH_MAX]; /* PROXYPROTOCOL; "": none */
	/* as found */
	const struct supervisor *supervisor;
	bool supervisor_runs;
	char scanned[CONF_PATH_MAX];  /* where service directories are linked */
	char programs[CONF_PATH_MAX]; /* where smtpd-auth lies */
	char queue[CONF_PATH_MAX];    /* QMAILQUEUE */
	bool queue_missing;
	bool sendmail;		     /* the queue program is queue-sendmail */
	char control[CONF_PATH_MAX]; /* the control directory */
	bool control_exists;
	bool control_is_qmails; /* CONTROLDIR_QMAIL, else DIR/control */
	bool state_in_control;	/* control/statedir names another */
	bool state_made, state_parent_made; /* by us: as an account's made */
	bool serves_ipv6;		    /* so does this host's tcpserver */
	const char *certificate; /* one line about it, for the report */
};

/* Letters, digits and . _ + - / only: it stands unquoted in scripts. */
bool conf_harmless(const char *text);

/* Is there anything of this name in a directory? */
bool conf_exists(const char *directory, const char *name);

/*
 * A path of three parts, "" for none, into out. Returns out, or NULL when it
 * does not fit.
 */
const char *conf_path(char out[CONF_PATH_MAX], const char *directory,
	const char *middle, const char *end);

#endif
