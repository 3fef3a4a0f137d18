/* summary - what smtpd-auth-conf says at its end. */
#include "conf/summary.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/detect.h"
#include "conf/service.h"
#include "lib/hostname.h"

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
	(void)printf("\n  host         %s\n  control      %s%s\n"
		     "  supervisor   %s%s\n  addresses    %s\n",
		conf->host, conf->control,
		conf->control_exists ? ", as it was" : "",
		conf->supervisor->name,
		conf->supervisor_runs ? ", which runs here"
				      : ", which does not run yet",
		conf->serves_ipv6 ? "IPv4 and IPv6"
				  : "IPv4 (ucspi-tcp-ipv6 serves IPv6, too)");
	print_accounts(conf);
	if (conf->balancers[0] != '\0')
		(void)printf("  balancers    %s\n", conf->balancers);
	(void)printf("  queue        %s%s%s\n  certificate  %s\n\n",
		conf->queue, conf->sendmail ? " before /usr/sbin/sendmail" : "",
		conf->queue_missing ? " (missing)" : "", conf->certificate);
	if (conf->control_is_qmails)
		(void)printf("services on port 25 that read %s will offer "
			     "STARTTLS and, with users, AUTH\n\n",
			conf->control);
}

/* The supervisor's package will make it; until then ln would fail. */
static void
print_mkdir(const struct conf *conf)
{
	if (access(conf->scanned, F_OK) != 0)
		(void)printf("  mkdir -p %s\n", conf->scanned);
}

static void
print_start(const struct conf *conf)
{
	const char *dir = conf->directory;

	switch (conf->supervisor->kind) {
	case UNDER_TCPSERVER:
		print_mkdir(conf);
		(void)printf("  ln -s");
		print_services(conf, "");
		(void)printf(" %s/\n", conf->scanned);
		if (strcmp(conf->supervisor->name, "s6") == 0)
			(void)printf("  s6-svscanctl -a %s\n", conf->scanned);
		(void)printf("  tail -f %s/%u/log/main/current\n", dir,
			conf->ports[0]);
		break;
	case UNDER_XINETD:
		print_mkdir(conf);
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

/* The link goes; then the supervisor, by the directory, ends what runs. */
static void
print_stop(const struct conf *conf)
{
	const char *dir = conf->directory, *scanned = conf->scanned;

	(void)printf("\nto stop one\n");
	for (size_t i = 0; i < conf->ports_count; i++) {
		unsigned port = conf->ports[i];

		if (conf->supervisor->kind == UNDER_XINETD)
			(void)printf("  rm %s/smtpd-auth-%u; service xinetd "
				     "reload\n",
				scanned, port);
		else if (conf->supervisor->kind == UNDER_SYSTEMD)
			(void)printf("  systemctl disable --now "
				     "smtpd-auth-%u.socket\n",
				port);
		else if (strcmp(conf->supervisor->name, "s6") == 0)
			(void)printf("  rm %s/%u; s6-svscanctl -an %s\n",
				scanned, port, scanned);
		else
			(void)printf("  rm %s/%u; %s %s/%u %s/%u/log\n",
				scanned, port,
				strcmp(conf->supervisor->name, "runit") == 0
					? "sv exit"
					: "svc -dx",
				dir, port, dir, port);
	}
}

/* Without them port 25 takes mail for nobody. */
static void
print_recipients(const struct conf *conf)
{
	char path[CONF_PATH_MAX];

	if (conf_path(path, conf->control, "/rcpthosts", "") != NULL &&
		access(path, F_OK) != 0)
		(void)printf(
			"  echo %s > %s\n", hostname_domain(conf->host), path);
}

static void
print_next(const struct conf *conf)
{
	(void)printf("next\n  smtpd-passwd");
	if (strcmp(conf->directory, CONF_DIRECTORY) != 0)
		(void)printf(" -f %s/authusers", conf->control);
	(void)printf(" set USER@%s\n", hostname_domain(conf->host));
	for (size_t i = 0; i < conf->ports_count; i++)
		(void)printf("  smtpd-check %s/%u\n", conf->directory,
			conf->ports[i]);
	for (size_t i = 0; i < conf->ports_count; i++)
		if (conf->ports[i] == SERVICE_PORT_MX)
			print_recipients(conf);
	print_start(conf);
	print_stop(conf);
}

/* A section for each port, to be typed as it is but for the address. */
static void
print_balancer(const struct conf *conf)
{
	(void)printf("\nat the balancer: a PROXY header first (send-proxy-v2), "
		     "TLS passed through;\nhaproxy, with this host's "
		     "ADDRESS\n");
	for (size_t i = 0; i < conf->ports_count; i++) {
		unsigned port = conf->ports[i];

		(void)printf("  listen smtp-%u\n    mode tcp\n"
			     "    timeout connect 5s\n    timeout client 10m\n"
			     "    timeout server 10m\n    bind :%u\n"
			     "    option smtpchk EHLO %s\n"
			     "    server front1 ADDRESS:%u send-proxy-v2 "
			     "check%s\n",
			port, port, conf->host, port,
			port == SERVICE_PORT_TLS ? " check-ssl verify none"
						 : "");
	}
}

/* RFC 6186 §3.1, RFC 8314 §5.1: mail clients ask for them. */
static void
print_records(const struct conf *conf)
{
	const char *domain = hostname_domain(conf->host);
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
summary_print(const struct conf *conf)
{
	print_chosen(conf);
	print_next(conf);
	if (conf->balancers[0] != '\0')
		print_balancer(conf);
	print_records(conf);
}
