/*
 * rules - tcp.rules of a service directory: compiled, and nothing in it that
 * opens the relay to everyone. Run by smtpd-check.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/aliases.h"
#include "check/rules.h"
#include "check/settings.h"

const char *
rules_recompiled(const struct check *c, const char *edit)
{
	return report_text(
		"cd %s && cp -p --backup=t tcp.rules tcp.rules.old && "
		"sed -i '%s' tcp.rules && tcprules tcp.cdb "
		"tcp.tmp < tcp.rules",
		report_quoted(c->service.directory), edit);
}

bool
rules_is_default(const char *line)
{
	return strncmp(line, ":allow", 6) == 0;
}

/* NAME="value" between commas; a misspelt NAME counts nothing. */
static void
look_at_names(struct check *c, const char *line)
{
	char name[64];

	for (const char *at = line; (at = strchr(at, ',')) != NULL; at++) {
		size_t len =
			strspn(at + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

		if (len == 0 || len >= sizeof name || at[1 + len] != '=')
			continue;
		memcpy(name, at + 1, len);
		name[len] = '\0';
		if (settings_row(NULL, name) != NULL)
			continue;
		for (size_t i = 0; i < config_rows_count; i++) {
			const char *ours = config_rows[i].environment;

			if (ours != NULL && alias_same(name, ours))
				report_add(&c->report, SET_ENV_OTHER,
					"tcp.rules", ours,
					rules_recompiled(
						c, report_text("s/%s=/%s=/",
							   name, ours)));
		}
	}
}

static void
look_at_lines(struct check *c, FILE *file)
{
	char line[RULES_LINE];

	while (fgets(line, sizeof line, file) != NULL) {
		if (line[0] == '#')
			continue;
		if (rules_is_default(line) &&
			strstr(line, ",RELAYCLIENT=") != NULL)
			report_add(&c->report, SET_RELAYCLIENT, "tcp.rules",
				NULL,
				rules_recompiled(c, "/^:allow/s/,RELAYCLIENT="
						    "\"[^\"]*\"//"));
		if (strstr(line, ",TLSMIN=\"1.0\"") != NULL ||
			strstr(line, ",TLSMIN=\"1.1\"") != NULL)
			c->old_tls = true;
		look_at_names(c, line);
	}
}

static bool
sets(const char *line, const char *address, const char *variable)
{
	size_t len = address == NULL ? 0 : strlen(address);

	return line[0] != '#' &&
	       (address == NULL || (strncmp(line, address, len) == 0 &&
					   line[len] == ':')) &&
	       strstr(line, report_text(",%s=", variable)) != NULL;
}

bool
rules_exempt(const char *address, const char *variable)
{
	FILE *file = fopen("tcp.rules", "re");
	char line[RULES_LINE];
	glob_t found;
	bool exempt = false;

	while (!exempt && file != NULL &&
		fgets(line, sizeof line, file) != NULL)
		exempt = sets(line, address, variable);
	if (file != NULL)
		(void)fclose(file); /* was only read */
	if (!exempt && glob(report_text("from/%s/%s",
				    address == NULL ? "*" : address, variable),
			       0, NULL, &found) == 0) {
		exempt = found.gl_pathc > 0;
		globfree(&found);
	}
	return exempt;
}

void
check_rules(struct check *c)
{
	struct stat rules, compiled;
	FILE *file = fopen("tcp.rules", "re");

	if (file == NULL)
		return;
	if (stat("tcp.rules", &rules) == 0 &&
		(stat("tcp.cdb", &compiled) != 0 ||
			compiled.st_mtim.tv_sec < rules.st_mtim.tv_sec))
		report_add(&c->report, SET_RULES_OLD, "tcp.rules", NULL,
			report_quoted(c->service.directory));
	look_at_lines(c, file);
	(void)fclose(file); /* was only read */
}
