/*
 * config - the table of settings, see config.h; load.c reads what it names.
 * Run by main before it forks, by smtpd-check and smtpd-passwd.
 */
#include "control/config.h"

#include "lib/controldir.h"

#define AT(member) offsetof(struct config, member)

/*
 * They are read in this order. SMTPS stands before ADDHEADERS and REQUIREAUTH,
 * whose default it is; authsocket, which says what mechanisms there may be, and
 * SMTPAUTH, which overrules authmechs, before authmechs; and all of these
 * before REQUIREAUTH, which overrules what SMTPAUTH says about it.
 */
const struct config_row config_rows[] = {
	{NULL, "SMTPS", CONFIG_FLAG, AT(smtps), NULL,
		"1: TLS from the first byte, as -s"},
	{"me", NULL, CONFIG_TEXT, AT(me), NULL, "host name; required"},
	{"smtpgreeting", NULL, CONFIG_TEXT, AT(smtpgreeting), NULL,
		"text of the 220 greeting; default: me"},
	{"localiphost", NULL, CONFIG_TEXT, AT(localiphost), NULL,
		"replaces [our ip] in recipients; default: me"},
	{"timeoutsmtpd", NULL, CONFIG_NUMBER, AT(timeoutsmtpd), "300",
		"seconds for a command line, or without data in a message"},
	{"timeoutqueue", "TIMEOUTQUEUE", CONFIG_NUMBER, AT(timeoutqueue), "300",
		"seconds the queue program has after the whole message"},
	{"databytes", "DATABYTES", CONFIG_NUMBER, AT(databytes), "0",
		"largest message in octets; 0: no limit"},
	{"maxrcpt", "MAXRCPT", CONFIG_NUMBER, AT(maxrcpt), "1000",
		"accepted recipients a message; 0: no limit"},
	{"smtputf8", "SMTPUTF8", CONFIG_FLAG, AT(smtputf8), "1",
		"0: SMTPUTF8 is not offered"},
	{"addheaders", "ADDHEADERS", CONFIG_SUBMISSION, AT(addheaders), NULL,
		"1: Date and Message-ID are added; default: 1 on port 587, 465 "
		"or with -s"},
	{"rcpthosts", NULL, CONFIG_LIST, AT(rcpthosts), NULL,
		"domains accepted from anyone: host, .suffix; missing: none"},
	{"morercpthosts.cdb", NULL, CONFIG_FILE, AT(morercpthosts_fd), NULL,
		"more of them, compiled by qmail-newmrh"},
	{"badmailfrom", NULL, CONFIG_LIST, AT(badmailfrom), NULL,
		"senders refused: user@host, @host"},
	{"badrcptto", NULL, CONFIG_LIST, AT(badrcptto), NULL,
		"recipients refused: user@host, @host"},
	{"validrcptto", NULL, CONFIG_PRESENT, AT(validrcptto), NULL,
		"recipients that there are: user@host, @host; with -: are not"},
	{"morevalidrcptto.cdb", NULL, CONFIG_PRESENT, AT(morevalidrcptto), NULL,
		"more of them, compiled by qmail-newmvrt"},
	{"rcptcheck", "RCPTCHECK", CONFIG_TEXT, AT(rcptcheck), NULL,
		"program that is asked whether there is a recipient"},
	{"policysocket", "POLICYSOCKET", CONFIG_TEXT, AT(policysocket), NULL,
		"policy daemon: path or numeric host:port, then rcpt, end"},
	{"policyfail", "POLICYFAIL", CONFIG_TEXT, AT(policyfail), "defer",
		"where that does not answer: defer or accept"},
	{"policytimeout", "POLICYTIMEOUT", CONFIG_NUMBER, AT(policytimeout),
		"30", "seconds it has for an answer"},
	{"authusers.cdb", NULL, CONFIG_PATH, CONFIG_NOWHERE, NULL,
		"the user file, compiled by smtpd-passwd"},
	{"authsocket", "AUTHSOCKET", CONFIG_TEXT, AT(authsocket), NULL,
		"Dovecot's client auth socket, in place of the user file"},
	{NULL, "SMTPAUTH", CONFIG_TEXT, AT(smtpauth), NULL,
		"-, 0, empty, +cram or cram, as in qmail's patches; !: "
		"required"},
	{"authmechs", "AUTHMECHS", CONFIG_MECHANISMS, AT(mechanisms), NULL,
		"mechanisms offered; default: what every enabled user can do"},
	{NULL, "REQUIREAUTH", CONFIG_SUBMISSION, AT(require_auth), NULL,
		"1: no mail before AUTH; default: 1 on port 587, 465 or with "
		"-s"},
	{"authdomain", "AUTHDOMAIN", CONFIG_TEXT, AT(authdomain), NULL,
		"appended as @domain to a login without one"},
	{"sendercheck", "SENDERCHECK", CONFIG_FLAG, AT(sendercheck), "0",
		"1: who is logged in sends as the login or its smtp_sender"},
	{"recipientdelimiter", NULL, CONFIG_CHARACTERS, AT(recipientdelimiter),
		"+", "sendercheck: joe+any@host is joe@host; empty: none"},
	{"statedir", "STATEDIR", CONFIG_TEXT, AT(statedir), NULL,
		"directory of the counters that connections share"},
	{"connlimit", "CONNLIMIT", CONFIG_NUMBER, AT(connlimit), "0",
		"connections of one address at once; needs statedir; 0: no "
		"limit"},
	{"relaylimits", NULL, CONFIG_LIST, AT(relaylimits), NULL,
		"recipients a day: user:N, :N for all others; needs statedir"},
	{"limithook", NULL, CONFIG_PATH, CONFIG_NOWHERE, NULL,
		"program that is run when a login passes its limit"},
	{"servercert.pem", NULL, CONFIG_PATH, CONFIG_NOWHERE, NULL,
		"certificate chain; missing: no STARTTLS"},
	{"serverkey.pem", NULL, CONFIG_PATH, CONFIG_NOWHERE, NULL,
		"private key; missing: it is in servercert.pem"},
	{"servercerts", NULL, CONFIG_PATH, CONFIG_NOWHERE, NULL,
		"directory of NAME/servercert.pem, chosen by SNI"},
	{"clientca.pem", NULL, CONFIG_PATH, CONFIG_NOWHERE, NULL,
		"authorities whose certificates log a client in by EXTERNAL"},
	{NULL, "FORCETLS", CONFIG_FLAG, AT(forcetls), "1",
		"0: AUTH is possible without TLS"},
	{NULL, "TLSMIN", CONFIG_TEXT, AT(tls_min_text), "1.2",
		"lowest version of TLS: 1.0, 1.1, 1.2"},
	{NULL, "OLDCLIENTS", CONFIG_FLAG, AT(oldclients), "0",
		"1: also the AUTH= line for old clients"},
	{NULL, "QMAILQUEUE", CONFIG_TEXT, AT(queue_program),
		"/var/qmail/bin/qmail-queue", "the queue program"},
	{NULL, "ERROR_FD", CONFIG_NUMBER, AT(error_fd), "6",
		"descriptor of the queue program's own error text, 2 to 9"},
	{NULL, "GREETDELAY", CONFIG_NUMBER, AT(greetdelay), "0",
		"seconds before the greeting, at most 60"},
	{NULL, "PROXYPROTOCOL", CONFIG_TEXT, AT(proxyprotocol), NULL,
		"1 or addresses of balancers: a PROXY header must come first"},
	{NULL, "PROXYTLS", CONFIG_FLAG, AT(proxytls), "0",
		"1: the balancer speaks TLS where its header says so"},
	{NULL, "RECEIVEDAUTH", CONFIG_FLAG, AT(received_auth), "0",
		"1: Received names the login and its address"},
	{NULL, "RELAYCLIENT", CONFIG_TEXT, AT(relayclient), NULL,
		"set: relay without AUTH; appended to recipients"},
	{NULL, "LOG", CONFIG_TEXT, AT(log_target), NULL,
		"syslog: log there, not on descriptor 2"},
	{NULL, "TRACE", CONFIG_FLAG, AT(trace), "0",
		"1: the conversation goes to the log"},
	{NULL, "CONTROLDIR", CONFIG_PATH, CONFIG_NOWHERE, NULL,
		"the control directory"},
	{NULL, "PROTO", CONFIG_LAUNCHER, CONFIG_NOWHERE, "TCP",
		"TCP, TCP6 or SSL: how the following names begin"},
	{NULL, "TCPREMOTEIP", CONFIG_LAUNCHER, AT(remote_ip), "unknown",
		"the client's address"},
	{NULL, "TCPREMOTEHOST", CONFIG_LAUNCHER, AT(remote_host), "unknown",
		"the client's name"},
	{NULL, "TCPREMOTEINFO", CONFIG_LAUNCHER, AT(remote_info), NULL,
		"the client's word about itself"},
	{NULL, "TCPREMOTEPORT", CONFIG_LAUNCHER, AT(remote_port), NULL,
		"the client's port"},
	{NULL, "TCPLOCALIP", CONFIG_LAUNCHER, AT(local_ip), NULL,
		"our address"},
	{NULL, "TCPLOCALHOST", CONFIG_LAUNCHER, AT(local_host), NULL,
		"our name"},
	{NULL, "TCPLOCALPORT", CONFIG_LAUNCHER, AT(local_port), NULL,
		"our port"},
	{NULL, "SSL_PROTOCOL", CONFIG_LAUNCHER, AT(tls_outside), NULL,
		"set: the launcher speaks TLS with the client"},
	{NULL, "SSLCTLFD", CONFIG_LAUNCHER, CONFIG_NOWHERE, NULL,
		"descriptor on which the launcher is asked to begin TLS"},
	{NULL, "SSLREADFD", CONFIG_LAUNCHER, CONFIG_NOWHERE, NULL,
		"descriptor to read the client from under that TLS"},
	{NULL, "SSLWRITEFD", CONFIG_LAUNCHER, CONFIG_NOWHERE, NULL,
		"descriptor to write to the client under that TLS"},
};

_Static_assert(sizeof config_rows / sizeof *config_rows <= 64,
	"load.c notes which files there are in the bits of one number");

const size_t config_rows_count = sizeof config_rows / sizeof *config_rows;

const char *
config_directory(void)
{
	return controldir_find();
}
