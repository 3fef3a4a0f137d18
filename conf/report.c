/* report - what smtpd-auth-conf says at its end. */
#include "conf/report.h"

#include <stdio.h>
#include <string.h>

#include "conf/detect.h"
#include "conf/host.h"
#include "conf/service.h"

/* " DIR/587 DIR/465", each with what follows it. */
static void
print_services(const struct conf *conf, const char *suffix)
{
	for (size_t i = 0; i < conf->ports_count; i++)
		(void)printf(
			" %s/%u%s", conf->directory, conf->ports[i], suffix);
}

static void
print_accounts(const struct conf *conf)
{
	const struct account *server = &conf->account,
			     *log = &conf->log_account;

	(void)printf("  accounts     %s%s", server->name,
		server->made ? " (made)" : "");
	if (conf->supervisor->kind == UNDER_TCPSERVER)
		(void)printf(
			", log: %s%s", log->name, log->made ? " (made)" : "");
	(void)printf("\n");
}

static void
print_chosen(const struct conf *conf)
{
	(void)printf("made        ");
	print_services(conf, "");
	(void)printf("\n  host         %s\n  control      %s/control%s\n"
		     "  supervisor   %s%s\n",
		conf->host, conf->directory,
		conf->control_exists ? ", as it was" : "",
		conf->supervisor->name,
		conf->supervisor_runs ? ", which runs here"
				      : ", which does not run yet");
	print_accounts(conf);
	(void)printf("  queue        %s%s%s\n  certificate  %s\n\n",
		conf->queue, conf->sendmail ? " before /usr/sbin/sendmail" : "",
		conf->queue_missing ? " (missing)" : "", conf->certificate);
}

static void
print_start(const struct conf *conf)
{
	const char *dir = conf->directory;

	switch (conf->supervisor->kind) {
	case UNDER_TCPSERVER:
		(void)printf("  ln -s");
		print_services(conf, "");
		(void)printf(" %s/\n", conf->scanned);
		if (strcmp(conf->supervisor->name, "s6") == 0)
			(void)printf("  s6-svscanctl -a %s\n", conf->scanned);
		(void)printf("  tail -f %s/%u/log/main/current\n", dir,
			conf->ports[0]);
		break;
	case UNDER_XINETD:
		for (size_t i = 0; i < conf->ports_count; i++)
			(void)printf("  ln -s %s/%u/xinetd "
				     "%s/smtpd-auth-%u\n",
				dir, conf->ports[i], conf->scanned,
				conf->ports[i]);
		(void)printf("  service xinetd reload\n"
			     "  tail -f /var/log/mail.log\n");
		break;
	case UNDER_SYSTEMD:
		for (size_t i = 0; i < conf->ports_count; i++)
			(void)printf("  systemctl link "
				     "%s/%u/smtpd-auth-%u@.service\n"
				     "  systemctl enable --now "
				     "%s/%u/smtpd-auth-%u.socket\n",
				dir, conf->ports[i], conf->ports[i], dir,
				conf->ports[i], conf->ports[i]);
		(void)printf("  journalctl -f -t smtpd-auth\n");
		break;
	}
}

static void
print_next(const struct conf *conf)
{
	(void)printf("next\n  smtpd-passwd");
	if (strcmp(conf->directory, CONF_DIRECTORY) != 0)
		(void)printf(" -f %s/control/authusers", conf->directory);
	(void)printf(" set USER@%s\n", host_domain(conf->host));
	for (size_t i = 0; i < conf->ports_count; i++)
		(void)printf("  smtpd-check %s/%u\n", conf->directory,
			conf->ports[i]);
	print_start(conf);
}

/* RFC 6186 §3.1, RFC 8314 §5.1: mail clients ask for them. */
static void
print_records(const struct conf *conf)
{
	const char *domain = host_domain(conf->host);
	bool title = true;

	for (size_t i = 0; i < conf->ports_count; i++) {
		unsigned port = conf->ports[i];

		if (port == SERVICE_PORT_MX)
			continue;
		if (title)
			(void)printf("\nDNS, for mail clients that look "
				     "(RFC 6186)\n");
		title = false;
		(void)printf("  _submission%s._tcp.%s. IN SRV 0 1 %u %s.\n",
			port == SERVICE_PORT_TLS ? "s" : "", domain, port,
			conf->host);
	}
}

void
report_print(const struct conf *conf)
{
	print_chosen(conf);
	print_next(conf);
	print_records(conf);
}
