/*
 * config - every setting of the daemon, read once a connection.
 *
 * THE table (config_rows) has a row for each control file and environment
 * variable; the daemon, smtpd-check and the test of smtpd-auth-control(5)
 * read the same rows.
 */
#ifndef CONTROL_CONFIG_H
#define CONTROL_CONFIG_H

#include "control/control.h"
#include "control/policysocket.h"

#define CONFIG_RCPTS_MAX 100000 /* recipients of one message at most */

enum config_tls { TLS_1_0 = 0x0301, TLS_1_1 = 0x0302, TLS_1_2 = 0x0303 };

struct config {
	const char *directory; /* the control directory */
	/* files and environment; absent slices have data NULL */
	struct slice me, smtpgreeting, localiphost, authdomain;
	struct slice authsocket; /* Dovecot's, or absent */
	uint64_t timeoutsmtpd, timeoutqueue, greetdelay; /* seconds */
	uint64_t databytes;				 /* 0: no limit */
	uint64_t maxrcpt;  /* 0: no limit but CONFIG_RCPTS_MAX */
	uint64_t error_fd; /* 2 to 9 */
	bool smtputf8, forcetls, oldclients, received_auth, trace;
	bool sendercheck;
	struct slice recipientdelimiter; /* each character is one */
	bool addheaders;
	bool require_auth;     /* after the port and SMTPAUTH were looked at */
	bool auth_off;	       /* SMTPAUTH=- or 0 */
	struct slice smtpauth; /* as the launcher set it; or absent */
	struct slice mechanisms; /* explicit list, blanks between; or absent */
	struct slice tls_min_text;
	enum config_tls tls_min;
	struct slice queue_program;
	struct slice statedir; /* counters shared by connections; or absent */
	uint64_t connlimit;    /* connections of one address; 0: no limit */
	struct control_list rcpthosts, badmailfrom, badrcptto, relaylimits;
	int morercpthosts_fd;		       /* morercpthosts.cdb, or -1 */
	bool validrcptto, morevalidrcptto;     /* there may be such a file */
	struct slice rcptcheck;		       /* a program's path, or absent */
	struct slice policysocket, policyfail; /* as written */
	struct policysocket policy;	       /* what policysocket means */
	bool policy_accepts;		       /* policyfail=accept */
	uint64_t policytimeout;		       /* seconds */
	/* of the launcher (TCP*, TCP6*, SSL* by PROTO), or of the socket */
	struct slice remote_ip, remote_host, remote_info, remote_port;
	struct slice local_ip, local_host, local_port;
	struct slice port; /* the socket's, whatever a PROXY header says */
	struct slice proxyprotocol; /* who has to send one; or absent */
	bool proxytls;		    /* believe what the header says of TLS */
	struct slice proxy;	    /* the balancer that sent one; or absent */
	bool health_check;	    /* its header named no client */
	struct slice tls_version, tls_cipher, tls_sni; /* of its TLS */
	bool relayclient_set;
	struct slice relayclient; /* appended to recipients */
	bool tls_outside; /* SSL_PROTOCOL set, or the PROXY header's TLV */
	bool smtps;	  /* -s or SMTPS */
	struct slice log_target; /* "syslog" or absent */
	/* on failure */
	const char *failed_file; /* "control/me" or the environment's name */
	const char *reason;
};

enum config_type {
	CONFIG_TEXT,	   /* struct slice */
	CONFIG_NUMBER,	   /* uint64_t */
	CONFIG_FLAG,	   /* bool: 0, 1, or empty for 1 */
	CONFIG_SUBMISSION, /* a flag: by default 1 on 587, 465, or with -s */
	CONFIG_CHARACTERS, /* struct slice; an empty file says: none */
	CONFIG_LIST,	   /* struct control_list */
	CONFIG_MECHANISMS, /* struct slice, names with a blank between */
	CONFIG_FILE,	   /* int, a descriptor; -1 when there is no file */
	CONFIG_PRESENT,	   /* bool: whoever uses the file opens it, if at all */
	CONFIG_PATH,	   /* no value: whoever uses the file opens it */
	CONFIG_LAUNCHER	   /* a fact about the connection, not a setting */
};

/* The offset of a row that has no member in struct config. */
#define CONFIG_NOWHERE SIZE_MAX

struct config_row {
	const char *file;	 /* in the control directory, or NULL */
	const char *environment; /* wins over the file, or NULL */
	enum config_type type;
	size_t offset;	      /* into struct config */
	const char *fallback; /* default, as text; NULL: absent */
	const char *help;     /* one line */
};

extern const struct config_row config_rows[];
extern const size_t config_rows_count;

/*
 * Reads everything. smtps: option -s. Returns 0, or -1 with failed_file and
 * reason set (me and address settings may then be absent).
 */
int config_load(struct config *config, bool smtps);

#endif
