/*
 * proxied - a service behind a balancer: who may send a PROXY header, and
 * whether the balancer carries the Internet through what is meant for this
 * host. Run by smtpd-check.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/rules.h"
#include "check/settings.h"
#include "proxy/balancers.h"

#define CHECK_SECONDS 2 /* haproxy waits for a check: inter */

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
	static char text[RULES_LINE];
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
	char line[RULES_LINE];

	while (fgets(line, sizeof line, file) != NULL) {
		if (line[0] == '#' || strstr(line, ":allow") == NULL)
			continue;
		bool header = is_on(line, "PROXYPROTOCOL", proxy);
		bool own = strstr(line, ",PROXYPROTOCOL=") != NULL;

		if (header && own && rules_is_default(line))
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

/* A line of a file below from/. */
static bool
from_says(const char *path, const char *value)
{
	char line[64];
	FILE *file = fopen(path, "re");
	bool same = file != NULL && fgets(line, sizeof line, file) != NULL;

	if (file != NULL)
		(void)fclose(file); /* was only read */
	if (same)
		line[strcspn(line, "\n")] = '\0';
	return same && strcmp(line, value) == 0;
}

/* from/ADDRESS/ of run, in place of tcp.rules: an address of who connects. */
static void
look_at_from(struct check *c)
{
	bool proxy = c->config.proxyprotocol.data != NULL;
	glob_t found;

	if (glob("from/*/FORCETLS", 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		const char *own = report_text("%.*s/PROXYPROTOCOL",
			(int)(strrchr(path, '/') - path), path);
		bool header =
			access(own, F_OK) == 0 ? !from_says(own, "0") : proxy;

		if (header && from_says(path, "0"))
			report_add(&c->report, SET_PROXY_CLEAR, path, NULL,
				report_text("rm %s",
					report_quoted(report_text("%s/%s",
						c->service.directory, path))));
	}
	globfree(&found);
}

/* run of xinetd and systemd has an exception for this host. */
static void
look_at_run(struct check *c)
{
	struct slice list = c->config.proxyprotocol;
	const char *run = servicedir_run(&c->service);
	FILE *file = fopen("run", "re");
	char line[RULES_LINE];
	bool here = list.data != NULL &&
		    (balancers_are_all(list) ||
			    balancers_have(list, slice_of("127.0.0.1")) ||
			    balancers_have(list, slice_of("::1")));

	while (here && file != NULL && fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "127.*", 5) == 0 &&
			strstr(line, "export FORCETLS=0") != NULL)
			report_add(&c->report, SET_PROXY_CLEAR, "run", NULL,
				report_text("cp -p --backup=t %s %s.old && sed "
					    "-i '/^127[.][*].*FORCETLS=0/d' %s",
					run, run, run));
	if (file != NULL)
		(void)fclose(file); /* was only read */
}

/* Programs of the run script that come before the header, or take it. */
static void
look_at_others(struct check *c)
{
	if (c->service.rblsmtpd)
		report_add(&c->report, SET_PROXY_RBL, "run", NULL, NULL);
	if (c->service.proxy_server)
		report_add(&c->report, SET_PROXY_TWICE, "run", NULL,
			settings_cure_unset(c, "PROXYPROTOCOL"));
}

/* The service's own FORCETLS=0 holds for the balancer's clients, too. */
static void
look_at_clear(struct check *c, bool by_rules)
{
	bool proxy = c->config.proxyprotocol.data != NULL || by_rules;

	if (proxy && !c->config.forcetls)
		report_add(&c->report, SET_PROXY_CLEAR, "env/FORCETLS", NULL,
			settings_cure_unset(c, "FORCETLS"));
}

bool
check_introduces(const struct check *c, const char *address)
{
	struct slice list = c->config.proxyprotocol;

	return list.data != NULL && !rules_exempt(NULL, "PROXYPROTOCOL") &&
	       (balancers_are_all(list) ||
		       balancers_have(list, slice_of(address)));
}

void
check_proxied(struct check *c)
{
	struct slice list = c->config.proxyprotocol;
	FILE *file = fopen("tcp.rules", "re");
	bool by_rules = c->service.directory != NULL &&
			rules_exempt(NULL, "PROXYPROTOCOL");

	if (c->config.proxytls && list.data == NULL && !by_rules)
		report_add(
			&c->report, SET_PROXY_TLS, "env/PROXYTLS", NULL, NULL);
	if (list.data != NULL || by_rules)
		look_at_others(c);
	if ((list.data != NULL || by_rules) &&
		c->config.greetdelay >= CHECK_SECONDS)
		report_add(&c->report, SET_PROXY_DELAY, "env/GREETDELAY",
			report_text("%u", (unsigned)c->config.greetdelay),
			NULL);
	if (list.data != NULL)
		look_at_list(c);
	if (list.data != NULL && balancers_are_anybody(list) && file == NULL)
		look_at_everybody(c, "env/PROXYPROTOCOL");
	/* Where TLS is the first octet nothing is sent in clear. */
	if (!c->config.smtps || c->config.proxytls)
		look_at_clear(c, by_rules);
	if (c->service.directory != NULL && file != NULL)
		look_at_rules(c, file);
	if (c->service.directory != NULL &&
		(!c->config.smtps || c->config.proxytls)) {
		look_at_from(c);
		look_at_run(c);
	}
	if (file != NULL)
		(void)fclose(file); /* was only read */
}
