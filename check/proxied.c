/*
 * proxied - a service behind a balancer: who may send a PROXY header, and
 * whether the balancer carries the Internet through what is meant for this
 * host. Run by smtpd-check.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/rules.h"
#include "check/settings.h"
#include "proxy/balancers.h"

#define LINE_MAX_LEN 4096 /* octets of tcp.rules */

/* Of one line, or of the service where the line does not say. */
static bool
is_on(const char *line, const char *variable, bool otherwise)
{
	const char *at = strstr(line, report_text(",%s=\"", variable));

	if (at == NULL)
		return otherwise;
	at += strlen(variable) + 3;
	return *at != '"' && strncmp(at, "0\"", 2) != 0;
}

/* A list that is none, where nobody could connect. */
static void
look_at_list(struct check *c)
{
	static char text[LINE_MAX_LEN];
	struct buffer b = BUFFER_OVER(text);
	const char *fault = balancers_fault(c->config.proxyprotocol, &b);

	if (fault != NULL)
		report_add(&c->report, SET_VARIABLE, "env/PROXYPROTOCOL", fault,
			settings_cure_unset(c, "PROXYPROTOCOL"));
}

/* Everybody sends a header, and so picks an address. */
static void
look_at_everybody(struct check *c, const char *where)
{
	report_add(&c->report, SET_PROXY_ANYBODY, where, NULL, NULL);
}

/* Lines of tcp.rules: what each of them makes of both settings. */
static void
look_at_rules(struct check *c, FILE *file)
{
	bool proxy = c->config.proxyprotocol.data != NULL;
	char line[LINE_MAX_LEN];

	while (fgets(line, sizeof line, file) != NULL) {
		if (line[0] == '#' || strstr(line, ":allow") == NULL)
			continue;
		bool header = is_on(line, "PROXYPROTOCOL", proxy);
		bool own = strstr(line, ",PROXYPROTOCOL=") != NULL;

		if (header && own && strncmp(line, ":allow", 6) == 0)
			look_at_everybody(c, "tcp.rules");
		if (!header || strstr(line, ",FORCETLS=\"0\"") == NULL)
			continue;
		report_add(&c->report, SET_PROXY_CLEAR, "tcp.rules", NULL,
			rules_recompiled(c, own ? "/,PROXYPROTOCOL=/"
						  "s/,FORCETLS=\"0\"//"
						: "s/,FORCETLS=\"0\"//"));
		break; /* the cure is for all of them */
	}
}

/* Only where some line says so: the service's own FORCETLS=0 holds for it. */
static void
look_at_clear(struct check *c, bool by_rules)
{
	bool proxy = c->config.proxyprotocol.data != NULL || by_rules;

	if (proxy && !c->config.forcetls)
		report_add(&c->report, SET_PROXY_CLEAR, "env/FORCETLS", NULL,
			settings_cure_unset(c, "FORCETLS"));
}

void
check_proxied(struct check *c)
{
	struct slice list = c->config.proxyprotocol;
	FILE *file = fopen("tcp.rules", "re");
	bool by_rules = c->service.directory != NULL &&
			rules_exempt(NULL, "PROXYPROTOCOL");

	if (list.data != NULL)
		look_at_list(c);
	if (list.data != NULL && balancers_are_all(list) && file == NULL)
		look_at_everybody(c, "env/PROXYPROTOCOL");
	/* Where TLS is the first octet nothing is sent in clear. */
	if (!c->config.smtps || c->config.proxytls)
		look_at_clear(c, by_rules);
	if (c->service.directory != NULL && file != NULL)
		look_at_rules(c, file);
	if (file != NULL)
		(void)fclose(file); /* was only read */
}
