/*
 * misspelt - control files and variables that nobody reads: misspelt, another
 * server's, or of no use here. Run by smtpd-check.
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/aliases.h"
#include "check/cure.h"
#include "check/settings.h"
#include "check/shell.h"

extern char **environ;

/* Of our other programs, of the shell and of those around us. */
static const char *const other_variables[] = {"PATH", "HOME", "USER", "SHELL",
	"LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "UID", "GID", "GIDLIST",
	"IP", "PORT", "QUEUE_MAILDIR", "QMQPORDER", "QMQPTIMEOUT", "SENDMAIL",
	"SSL_CERT_FILE", NULL};
static const char *const other_files[] = {"authusers", "authusers.lock",
	"morercpthosts", "morevalidrcptto", "qmqpservers", "README", NULL};
/* Of the rest of qmail, where the directory is its own. */
static const char *const qmail_files[] = {"badhelo", "bouncefrom", "bouncehost",
	"bouncemaxbytes", "clientcert.pem", "concurrencylocal",
	"concurrencyremote", "concurrencyincoming", "conf-common",
	"defaultdelivery", "defaultdomain", "defaulthost", "dkimdomains",
	"domainkeys", "doublebouncehost", "doublebounceto", "envnoathost",
	"helohost", "idhost", "locals", "logcount", "logsize", "notlshosts",
	"percenthack", "plusdomain", "qmtproutes", "queuelifetime",
	"smtproutes", "timeoutconnect", "timeoutremote", "tlsclientciphers",
	"tlsdestinations", "virtualdomains", NULL};

static bool
ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), tail = strlen(end);

	return len >= tail && strcmp(name + len - tail, end) == 0;
}

/* Hidden, a copy, or being written. */
static bool
is_leftover(const char *name)
{
	return name[0] == '.' || ends_with(name, "~") ||
	       ends_with(name, ".old") || ends_with(name, ".bak") ||
	       ends_with(name, ".new") || ends_with(name, ".tmp");
}

/*
 * Our name of what somebody calls name: a row that is spelt alike, else the
 * alias's. *is_file: a control file, else a variable. NULL: there is none.
 */
static const char *
our_name(const char *name, bool file_first, bool *is_file)
{
	const struct alias *alias = alias_find(name);

	for (size_t i = 0; i < config_rows_count; i++) {
		const struct config_row *row = &config_rows[i];
		bool file = row->file != NULL && alias_same(name, row->file);
		bool variable = row->environment != NULL &&
				row->type != CONFIG_LAUNCHER &&
				alias_same(name, row->environment);

		if (!file && !variable)
			continue;
		*is_file = file && (file_first || !variable);
		return *is_file ? row->file : row->environment;
	}
	if (alias == NULL || alias->ours == NULL)
		return NULL;
	const struct config_row *row = settings_row(alias->ours, alias->ours);

	if (row == NULL)
		return NULL;
	*is_file =
		row->file != NULL && (file_first || row->environment == NULL);
	return *is_file ? row->file : row->environment;
}

/* From a control file of the wrong name to where it is read. */
static const char *
move_file(const struct check *c, const char *name, const char *ours, bool file)
{
	const char *from = settings_path(c, name);

	if (file)
		return cure_move(from, settings_path(c, ours));
	if (c->service.directory == NULL)
		return report_text("export %s=\"$(cat %s)\"", ours,
			settings_quoted(c, name));
	/* A copy in env/ would be a variable. */
	return access(settings_variable_path(c, ours), F_OK) == 0
		       ? cure_aside(from)
		       : cure_move(from, settings_variable_path(c, ours));
}

static void
look_at_file(struct check *c, const char *name, bool with_qmail)
{
	const struct alias *alias = alias_find(name);
	const char *where = report_text("control/%s", name), *ours;
	bool file;

	if (settings_row(name, NULL) != NULL ||
		shell_is_among(other_files, name) || is_leftover(name) ||
		(with_qmail && shell_is_among(qmail_files, name)))
		return;
	ours = our_name(name, true, &file);
	if (ours != NULL)
		report_add(&c->report, SET_FILE_OTHER, where, ours,
			move_file(c, name, ours, file));
	else if (alias != NULL && alias->note != NULL)
		report_add(&c->report, SET_FILE_ELSEWHERE, where,
			report_text("%s %s", name, alias->note), NULL);
	else
		report_add(&c->report, SET_FILE_UNKNOWN, where, name, NULL);
}

static void
look_at_files(struct check *c)
{
	DIR *directory = opendir(c->directory);
	struct dirent *entry;
	bool with_qmail = access(settings_path(c, "locals"), F_OK) == 0 ||
			  access(settings_path(c, "virtualdomains"), F_OK) == 0;

	while (directory != NULL && (entry = readdir(directory)) != NULL)
		look_at_file(c, report_text("%s", entry->d_name), with_qmail);
	if (directory != NULL)
		closedir(directory);
}

/* From a variable of the wrong name to where it is read. */
static const char *
move_variable(
	const struct check *c, const char *name, const char *ours, bool file)
{
	const char *value = getenv(name);
	bool path = file && ends_with(ours, ".pem") && value != NULL &&
		    value[0] == '/';

	const char *to = settings_path(c, ours);

	if (path && (access(to, F_OK) == 0 || access(value, F_OK) != 0))
		return settings_cure_unset(c, name);
	if (path)
		return report_text("ln -s %s %s && %s", report_quoted(value),
			report_quoted(to), settings_cure_unset(c, name));
	if (c->service.directory == NULL)
		return file ? report_text("echo \"$%s\" > %s", name,
				      settings_quoted(c, ours))
			    : report_text("export %s=\"$%s\"", ours, name);
	if (file)
		return cure_move(settings_variable_path(c, name), to);
	/* A copy in env/ would be a variable; what is there counts. */
	return access(settings_variable_path(c, ours), F_OK) == 0
		       ? settings_cure_unset(c, name)
		       : cure_move(settings_variable_path(c, name),
				 settings_variable_path(c, ours));
}

static void
look_at_variable(struct check *c, const char *name)
{
	const struct config_row *row = settings_row(NULL, name);
	const struct alias *alias = alias_find(name);
	const char *where = report_text("env/%s", name), *ours;
	bool own = c->service.directory != NULL, file = false;

	if (row != NULL && row->type == CONFIG_LAUNCHER && own &&
		strcmp(name, "PROTO") != 0 &&
		strcmp(name, "SSL_PROTOCOL") != 0 &&
		strcmp(name, c->port_variable) != 0)
		report_add(&c->report, SET_ENV_LAUNCHER, where, name,
			report_quoted(settings_variable_path(c, name)));
	if (row != NULL || shell_is_among(other_variables, name))
		return;
	ours = our_name(name, false, &file);
	if (ours != NULL)
		report_add(&c->report, file ? SET_ENV_FILE : SET_ENV_OTHER,
			where, ours, move_variable(c, name, ours, file));
	else if (alias != NULL && alias->note != NULL)
		report_add(&c->report, SET_ENV_ELSEWHERE, where,
			report_text("%s %s", name, alias->note), NULL);
	else if (own)
		report_add(&c->report, SET_ENV_UNKNOWN, where, name, NULL);
}

static void
look_at_variables(struct check *c)
{
	for (char **at = environ; *at != NULL; at++)
		look_at_variable(
			c, report_text("%.*s", (int)strcspn(*at, "="), *at));
}

/* Values that are right, and yet not what one wants for everyone. */
static void
look_at_values(struct check *c)
{
	const struct config *config = &c->config;

	if (config->relayclient_set)
		report_add(&c->report, SET_RELAYCLIENT, "env/RELAYCLIENT", NULL,
			settings_cure_unset(c, "RELAYCLIENT"));
	if (config->trace)
		report_add(&c->report, SET_TRACE, "env/TRACE", NULL, NULL);
	if (!config->forcetls && !config->smtps)
		report_add(
			&c->report, SET_FORCETLS, "env/FORCETLS", NULL, NULL);
	if (config->tls_min != TLS_1_2)
		report_add(&c->report, SET_TLSMIN, "env/TLSMIN",
			getenv("TLSMIN"), NULL);
}

void
check_misspelt(struct check *c)
{
	look_at_values(c);
	look_at_files(c);
	look_at_variables(c);
	check_proxied(c);
	if (c->service.directory != NULL)
		check_rules(c);
	if (c->ec && (c->old_tls || c->config.tls_min < TLS_1_2))
		report_add(&c->report, CERT_EC_OLD, "control/servercert.pem",
			NULL, NULL);
}
