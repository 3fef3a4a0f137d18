/*
 * qmqp - the servers that queue-qmqp sends to: their list, and whether they
 * take a connection. Run by smtpd-check.
 */
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/settings.h"
#include "client/talk.h"
#include "control/control.h"
#include "queue/servers.h"

#define WHERE "control/" SERVERS_FILE

/* Returns NULL, or what is wrong with it. */
static const char *
load(const struct check *c, struct servers *servers)
{
	struct control_list list;
	struct slice line;
	const char *reason = "no such file";
	int directory = open(c->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	enum control_result result =
		control_list(directory, SERVERS_FILE, &list, &reason);

	close(directory);
	if (result != CONTROL_OK)
		return reason;
	reason = servers_parse(
		servers, (struct slice){list.text, list.len}, &line);
	if (reason == NULL || line.data == NULL)
		return reason;
	return report_text("%.*s: %s", (int)line.len, line.data, reason);
}

/* Connects, and sends nothing. */
static void
call(struct check *c, const struct server *server)
{
	char host[NI_MAXHOST], port[NI_MAXSERV];
	struct talk talk;

	if (getnameinfo(&server->address.any, server->len, host, sizeof host,
		    port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	if (talk_open(&talk, host, port) == 0)
		report_ok("queue-qmqp", WHERE, "%s takes connections",
			server->name);
	else
		report_add(&c->report, QUEUE_QMQP_DOWN, WHERE,
			report_text("%s: %s", server->name, talk.fault), NULL);
	talk_close(&talk);
}

static void
look_at_environment(struct check *c)
{
	bool rotate;
	uint64_t seconds;
	const char *rule;
	const char *wrong = servers_environment(&rotate, &seconds, &rule);

	if (wrong != NULL)
		report_add(&c->report, QUEUE_QMQP_VARIABLE,
			report_text("env/%s", wrong),
			report_text("%s %s", wrong, rule),
			settings_cure_unset(c, wrong));
	else if (seconds >= c->config.timeoutqueue)
		report_add(&c->report, QUEUE_QMQP_TIMEOUT,
			getenv("QMQPTIMEOUT") == NULL ? "default"
						      : "env/QMQPTIMEOUT",
			report_text("%llu", (unsigned long long)seconds), NULL);
}

void
check_qmqp(struct check *c)
{
	static struct servers servers;
	const char *path = settings_path(c, SERVERS_FILE);
	const char *fault = load(c, &servers);

	look_at_environment(c);
	if (fault != NULL) {
		report_add(&c->report, QUEUE_QMQP, WHERE, fault,
			settings_cure_file(c, SERVERS_FILE, "127.0.0.1"));
		return;
	}
	if (as_account(c, as_account_reads, path) != 1)
		report_add(&c->report, QUEUE_QMQP_DENIED, WHERE,
			report_text("%s cannot read %s", c->account, path),
			report_quoted(path));
	for (size_t i = 0; i < servers.count; i++)
		call(c, &servers.all[i]);
	if (c->config.smtputf8)
		report_add(&c->report, QUEUE_QMQP_UTF8,
			settings_where(c, settings_row("smtputf8", "SMTPUTF8")),
			settings_quoted(c, "smtputf8"), NULL);
}
