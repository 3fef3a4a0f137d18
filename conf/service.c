/*
 * service - what a service directory holds; part of smtpd-auth-conf.
 */
#include "conf/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/detect.h"
#include "conf/execute.h"
#include "conf/template.h"
#include "lib/buffer.h"

#define FILE_MAX 4096 /* octets of one file */
#define NAME_MAX_LEN 80

/* One port's directory while it is made. */
struct service {
	const struct conf *conf;
	struct stage *stage;
	unsigned port;
	int status;
	struct template_value values[20];
};

/* PORT/name of the stage. */
static const char *
inside(const struct service *s, char out[NAME_MAX_LEN], const char *name)
{
	(void)snprintf(out, NAME_MAX_LEN, "%u%s%s", s->port,
		*name == '\0' ? "" : "/", name);
	return out;
}

static void
make_directory(struct service *s, const char *name, mode_t mode)
{
	char path[NAME_MAX_LEN];

	if (s->status == 0)
		s->status =
			stage_directory(s->stage, inside(s, path, name), mode);
}

static void
make_file(struct service *s, const char *name, enum template which, mode_t mode)
{
	char path[NAME_MAX_LEN], text[FILE_MAX];
	struct buffer b = BUFFER_OVER(text);

	if (s->status != 0)
		return;
	if (template_fill(&b, template_text(which), s->values) == -1)
		s->status = tool_fatal(
			TOOL_TEMPORARY, "unable to fill %s in: too long", name);
	else
		s->status = stage_file(s->stage, inside(s, path, name),
			buffer_slice(&b), mode);
}

/* A file with one line: name is relative to PORT/. */
static void
make_line(struct service *s, const char *name, const char *value)
{
	char path[NAME_MAX_LEN], text[CONF_PATH_MAX + 1];
	struct buffer b = BUFFER_OVER(text);

	buffer_add_text(&b, value);
	buffer_add_char(&b, '\n');
	if (s->status == 0)
		s->status = stage_file(s->stage, inside(s, path, name),
			buffer_slice(&b), 0644);
}

/* What is for one service and not for the host stands in its env/. */
static void
make_environment(struct service *s)
{
	const struct conf *conf = s->conf;

	make_directory(s, "env", 0755);
	make_line(s, "env/QMAILQUEUE", conf->queue);
	make_line(s, "env/CONTROLDIR", conf->control);
	if (conf->balancers[0] != '\0')
		make_line(s, "env/PROXYPROTOCOL", conf->balancers);
	if (s->port != SERVICE_PORT_MX) {
		make_line(s, "env/REQUIREAUTH", "1");
		make_line(s, "env/SENDERCHECK", "1");
		make_line(s, "env/CONNLIMIT", "50");
		if (!conf->state_in_control)
			make_line(s, "env/STATEDIR", CONF_STATE);
	}
	switch (conf->supervisor->kind) {
	case UNDER_TCPSERVER:
		make_line(s, "env/IP", "0");
		break;
	case UNDER_XINETD:
		make_line(s, "env/LOG", "syslog");
		break;
	case UNDER_SYSTEMD:
		break;
	}
}

/* tcprules in directory; what it says of wrong input is in reason. */
static int
run_tcprules(int directory, int rules, struct execute_reason *reason)
{
	char *const argv[] = {
		(char *)"tcprules", (char *)"tcp.cdb", (char *)"tcp.tmp", NULL};

	return execute(argv, directory, rules, reason);
}

void
service_probe(struct conf *conf, const struct stage *stage)
{
	static const char line[] = "::1:allow\n";
	struct execute_reason reason;
	int ends[2];

	conf->serves_ipv6 = conf->supervisor->kind != UNDER_TCPSERVER;
	if (conf->serves_ipv6 || pipe2(ends, O_CLOEXEC) == -1)
		return;
	bool written = write(ends[1], line, sizeof line - 1) == sizeof line - 1;

	(void)close(ends[1]);
	conf->serves_ipv6 =
		written && run_tcprules(stage->fd, ends[0], &reason) == 0;
	(void)close(ends[0]);
	(void)unlinkat(stage->fd, "tcp.cdb", 0);
	(void)unlinkat(stage->fd, "tcp.tmp", 0);
}

static void
compile_rules(struct service *s)
{
	char path[NAME_MAX_LEN];
	struct execute_reason reason;
	int directory, rules;

	if (s->status != 0)
		return;
	directory = openat(s->stage->fd, inside(s, path, ""),
		O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	rules = openat(s->stage->fd, inside(s, path, "tcp.rules"),
		O_RDONLY | O_CLOEXEC);
	if (directory == -1 || rules == -1)
		s->status = tool_fatal(TOOL_TEMPORARY, "unable to open %s: %s",
			path, strerror(errno));
	else if (run_tcprules(directory, rules, &reason) != 0)
		s->status = tool_fatal(TOOL_TEMPORARY,
			"unable to compile tcp.rules: tcprules: %s",
			reason.text);
	if (directory != -1)
		(void)close(directory);
	if (rules != -1)
		(void)close(rules);
}

static void
make_log(struct service *s)
{
	make_directory(s, "log", 0755);
	make_file(s, "log/run", TEMPLATE_LOG_RUN, 0755);
	/* It tells who writes to whom. */
	make_directory(s, "log/main", 0750);
	if (strcmp(s->conf->supervisor->name, "runit") == 0)
		make_line(s, "log/main/config", "s1000000\nn20");
}

static void
make_supervised(struct service *s)
{
	char name[NAME_MAX_LEN];

	switch (s->conf->supervisor->kind) {
	case UNDER_TCPSERVER:
		make_file(s, "run", TEMPLATE_RUN, 0755);
		make_file(s, "tcp.rules",
			s->conf->balancers[0] != '\0' ? TEMPLATE_RULES_PROXIED
						      : TEMPLATE_RULES,
			0644);
		compile_rules(s);
		make_log(s);
		break;
	case UNDER_XINETD:
		make_file(s, "run", TEMPLATE_RUN_INETD, 0755);
		make_file(s, "xinetd", TEMPLATE_XINETD, 0644);
		break;
	case UNDER_SYSTEMD:
		make_file(s, "run", TEMPLATE_RUN_INETD, 0755);
		(void)snprintf(
			name, sizeof name, "smtpd-auth-%u.socket", s->port);
		make_file(s, name, TEMPLATE_SOCKET, 0644);
		(void)snprintf(
			name, sizeof name, "smtpd-auth-%u@.service", s->port);
		make_file(s, name, TEMPLATE_UNIT, 0644);
		break;
	}
}

/*
 * This host without TLS: a balancer may be on it, and who comes through it
 * would be, too.
 */
static const char *
clear_of(const struct conf *conf)
{
	return conf->balancers[0] != '\0'
		       ? "# A balancer's address; its clients are nowhere "
			 "without TLS.\ncase $address in\n"
		       : "# This host: AUTH without TLS.\ncase $address in\n"
			 "127.* | ::1) export FORCETLS=0 ;;\n";
}

/* To the launcher a balancer is one client, who has all connections. */
static const char *
per_source_of(const struct conf *conf)
{
	if (conf->balancers[0] == '\0')
		return "20";
	return conf->supervisor->kind == UNDER_XINETD ? "UNLIMITED" : "0";
}

int
service_make(const struct conf *conf, struct stage *stage, unsigned port)
{
	const struct supervisor *under = conf->supervisor;
	bool tls = port == SERVICE_PORT_TLS;
	char number[12];
	struct service s = {conf, stage, port, 0,
		{
			{"LOGGER", under->logger},
			{"ENVDIR", under->envdir},
			{"LOGACCOUNT", conf->log_account.name},
			{"ACCOUNT", conf->account.name},
			{"DIRECTORY", conf->directory},
			{"PROGRAMS", conf->programs},
			{"SUPERVISOR", under->name},
			{"HOST", conf->host},
			{"PORT", number},
			{"SIX", conf->serves_ipv6 ? "" : "# "},
			{"SMTPS", tls ? "-s " : ""},
			{"TLS", tls ? "TLS from the first byte"
				: port == SERVICE_PORT_MX
					? "mail for us from anyone"
					: "STARTTLS, then AUTH"},
			{"CLEAR", clear_of(conf)},
			{"PERSOURCE", per_source_of(conf)},
			{"STDERR", under->kind == UNDER_XINETD
					   ? "# Descriptor 2 is the client.\n"
					     "exec 2>/dev/null"
					   : "# Descriptor 2 is the journal."},
			{NULL, NULL},
		}};

	(void)snprintf(number, sizeof number, "%u", port);
	make_directory(&s, "", 0755);
	make_environment(&s);
	make_supervised(&s);
	return s.status;
}

int
service_own(const struct conf *conf, struct stage *stage, unsigned port)
{
	char path[NAME_MAX_LEN];

	if (conf->supervisor->kind != UNDER_TCPSERVER)
		return 0;
	(void)snprintf(path, sizeof path, "%u/log/main", port);
	return stage_owner(stage, path, &conf->log_account);
}

int
service_place(const struct conf *conf, struct stage *stage)
{
	int status = 0;

	for (size_t i = 0; status == 0 && i < conf->ports_count; i++) {
		char name[NAME_MAX_LEN];

		(void)snprintf(name, sizeof name, "%u", conf->ports[i]);
		status = stage_place(stage, name, name);
	}
	return status;
}
