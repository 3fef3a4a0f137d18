/* tls_files - certificate and key; part of smtpd-auth-conf. */
#include "conf/tls_files.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "conf/execute.h"

#define LIVE "/etc/letsencrypt/live/"
/* What Apple's systems take at most from a certificate of one's own. */
#define DAYS "825"

/*
 * The links are to certbot's links, so that a renewal counts from the next
 * connection.
 */
static int
link_live(const char *host, struct stage *stage)
{
	char path[CONF_PATH_MAX];
	int status = stage_link(stage, "control/servercert.pem",
		conf_path(path, LIVE, host, "/fullchain.pem"));

	return status != 0
		       ? status
		       : stage_link(stage, "control/serverkey.pem",
				 conf_path(path, LIVE, host, "/privkey.pem"));
}

static bool
live_exists(const char *host)
{
	char path[CONF_PATH_MAX];

	return access(conf_path(path, LIVE, host, "/fullchain.pem"), R_OK) ==
		       0 &&
	       access(conf_path(path, LIVE, host, "/privkey.pem"), R_OK) == 0;
}

static int
self_sign(const char *host, struct stage *stage)
{
	char subject[CONF_PATH_MAX], names[CONF_PATH_MAX];
	char *const argv[] = {(char *)"openssl", (char *)"req", (char *)"-x509",
		(char *)"-newkey", (char *)"ec", (char *)"-pkeyopt",
		(char *)"ec_paramgen_curve:P-256", (char *)"-nodes",
		(char *)"-days", (char *)DAYS, (char *)"-subj", subject,
		(char *)"-addext", names, (char *)"-keyout",
		(char *)"control/serverkey.pem", (char *)"-out",
		(char *)"control/servercert.pem", NULL};
	struct execute_reason reason;
	int status;

	/* A common name has at most 64 octets; clients read the other. */
	(void)snprintf(subject, sizeof subject, "/CN=%.64s", host);
	(void)snprintf(names, sizeof names, "subjectAltName=DNS:%s", host);
	status = execute(argv, stage->fd, -1, &reason);
	if (status != 0)
		return tool_fatal(TOOL_TEMPORARY,
			"unable to make a certificate: openssl: %s%s",
			reason.text,
			execute_finds("openssl") ? ""
						 : "; apt-get install openssl");
	return stage_mode(stage, "control/serverkey.pem", 0600) != 0 ||
			       stage_mode(stage, "control/servercert.pem",
				       0644) != 0
		       ? TOOL_TEMPORARY
		       : 0;
}

int
tls_files_make(struct conf *conf, struct stage *stage)
{
	int status;

	if (conf_exists(conf->control, "servercert.pem")) {
		conf->certificate = "control/servercert.pem, as it was";
		return 0;
	}
	if (conf_exists(conf->control, "serverkey.pem")) {
		conf->certificate = "none";
		tool_warn(
			"%s/serverkey.pem has no servercert.pem beside it; "
			"none is made: without it there is no TLS and no AUTH",
			conf->control);
		return 0;
	}
	if (live_exists(conf->host)) {
		conf->certificate = "certbot's, linked";
		return link_live(conf->host, stage);
	}
	status = self_sign(conf->host, stage);
	if (status == 0)
		tool_warn("no certificate in " LIVE "%s: made a self-signed "
			  "one, which mail clients will not trust; see "
			  "CERTIFICATES in " CONF_PROGRAM "(8)",
			conf->host);
	conf->certificate = "self-signed, for " DAYS " days";
	return status;
}
