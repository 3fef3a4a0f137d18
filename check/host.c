/*
 * host - what the machine must have ready: the account, the empty directory
 * and the uids of the jail, the directory of counters. Run by smtpd-check.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/settings.h"
#include "lib/identity.h"
#include "lib/jail.h"

#define PID_MAX_USUAL 4194304 /* of Linux on 64 bits */

/* Calls on() for each entry of /etc/passwd until it says true. */
static bool
passwd_find(bool (*on)(struct check *c, const struct passwd *entry),
	struct check *c)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *entry;
	bool found = false;

	while (!found && file != NULL && (entry = fgetpwent(file)) != NULL)
		found = on(c, entry);
	if (file != NULL)
		(void)fclose(file); /* was only read */
	return found;
}

static bool
find_account(struct check *c)
{
	struct identity found;

	if (identity_find(c->account, &found) == -1)
		return false;
	c->uid = found.uid;
	c->gid = found.gid;
	return true;
}

/* tcpserver -u takes a number, too. */
static bool
take_uid(struct check *c, const struct passwd *entry)
{
	uint64_t uid;

	if (slice_number(slice_of(c->account), &uid) == -1 ||
		uid != entry->pw_uid)
		return false;
	c->uid = entry->pw_uid;
	c->gid = entry->pw_gid;
	c->account = report_text("%s", entry->pw_name);
	return true;
}

/* What the run script says of the account; else the default. */
static void
look_at_run(struct check *c)
{
	const struct service *s = &c->service;

	if (s->fault != NULL)
		report_add(&c->report, HOST_NO_RUN, "run", s->fault, NULL);
	if (s->unclear != NULL)
		report_add(
			&c->report, HOST_RUN_UNCLEAR, "run", s->unclear, NULL);
	c->isolated = s->launched_as == NULL && !s->launched_as_unknown &&
		      (s->directory != NULL || c->root);
	c->account = s->launched_as != NULL ? s->launched_as : s->account;
	if (c->account == NULL)
		c->account = "qmaild";
}

static void
look_at_account(struct check *c)
{
	const char *where =
		c->service.account != NULL || c->service.launched_as != NULL
			? "run"
			: "default";

	c->account_known =
		find_account(c) || (!c->isolated && passwd_find(take_uid, c));
	if (!c->account_known && c->service.launched_as_unknown &&
		c->service.launched_as == NULL) {
		/* Was told to be unclear. */
	} else if (!c->account_known) {
		report_add(&c->report, HOST_ACCOUNT_MISSING, where, c->account,
			report_quoted(c->account));
	} else if (c->uid == 0) {
		c->account_known = false;
		report_add(&c->report, HOST_ACCOUNT_ROOT, where, c->account,
			servicedir_run(&c->service));
	} else {
		report_ok("account", where, "%s, uid %u", c->account,
			(unsigned)c->uid);
	}
	if (!c->isolated && c->service.launched_as != NULL)
		report_add(
			&c->report, HOST_UIDS_SHARED, "run", c->account, NULL);
	if (!c->root)
		report_add(&c->report, HOST_NO_ROOT, NULL, c->account, NULL);
}

/* The name of something in an open directory, or NULL. */
static const char *
content_of(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	const char *found = NULL;

	while (found == NULL && directory != NULL &&
		(entry = readdir(directory)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0)
			found = report_text("%s", entry->d_name);
	if (directory != NULL)
		closedir(directory);
	return found;
}

static void
look_at_jail(struct check *c)
{
	const char *path = c->service.jail, *quoted = report_quoted(path);
	const char *where = strcmp(path, "/var/empty") == 0 ? "default" : "run";
	const char *content;
	struct stat status;

	int error = stat(path, &status) != 0   ? errno
		    : !S_ISDIR(status.st_mode) ? ENOTDIR
					       : 0;

	if (error != 0) {
		report_add(&c->report, HOST_EMPTY_MISSING, where,
			report_text("%s: %s", path, strerror(error)), quoted);
		return;
	}
	unsigned before = c->report.fails;

	content = content_of(path);
	if (content != NULL)
		report_add(&c->report, HOST_EMPTY_FULL, where,
			report_text("%s/%s", path, content), quoted);
	else if (status.st_uid != 0 || (status.st_mode & 022) != 0)
		report_add(
			&c->report, HOST_EMPTY_WRITABLE, where, NULL, quoted);
	if (c->report.fails == before)
		report_ok("empty directory", where, "%s", path);
}

static uint64_t
uids_end(const struct check *c)
{
	FILE *file = fopen("/proc/sys/kernel/pid_max", "re");
	uint64_t pids = PID_MAX_USUAL;
	char line[32];

	if (file != NULL && fgets(line, sizeof line, file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		(void)slice_number(slice_of(line), &pids); /* else as usual */
	}
	if (file != NULL)
		(void)fclose(file); /* was only read */
	return c->service.base + pids;
}

static bool
is_taken(struct check *c, const struct passwd *entry)
{
	if (entry->pw_uid < c->service.base || entry->pw_uid > uids_end(c))
		return false;
	report_add(&c->report, HOST_UIDS_TAKEN, "/etc/passwd",
		report_text(
			"%s, uid %u,", entry->pw_name, (unsigned)entry->pw_uid),
		servicedir_run(&c->service));
	return true;
}

static void
look_at_uids(struct check *c)
{
	uint64_t base = c->service.base, end = uids_end(c);
	const char *where = base == JAIL_BASE ? "default" : "run";

	if (base > INT_MAX || end >= UINT_MAX)
		report_add(&c->report, HOST_UIDS_HIGH, where,
			report_text("%llu", (unsigned long long)base),
			servicedir_run(&c->service));
	else if (!passwd_find(is_taken, c))
		report_ok("uids of the jail", where, "%llu to %llu",
			(unsigned long long)base, (unsigned long long)end);
}

static int
can_write(const void *path)
{
	return access(path, R_OK | W_OK | X_OK) == 0;
}

/* A directory for the counters, and the setting that names it. */
static const char *
new_state(const struct check *c, bool variable)
{
	static const char path[] = "/var/lib/smtpd-auth";

	return report_text("install -d -o %s -m 700 %s && %s",
		report_quoted(c->account), path,
		variable ? settings_cure_variable(c, "STATEDIR", path)
			 : settings_cure_file(c, "statedir", path));
}

/* Is there nothing in it but ours? Else it is no directory to give away. */
static bool
holds_state(const char *path)
{
	return content_of(path) == NULL ||
	       access(report_text("%s/failures", path), F_OK) == 0 ||
	       access(report_text("%s/recipients", path), F_OK) == 0;
}

static void
look_at_state(struct check *c)
{
	const char *where,
		*path = settings_text(c, "statedir", "STATEDIR", &where);
	const char *account = report_quoted(c->account);
	struct stat status;

	if (path == NULL) {
		if (access(settings_path(c, "relaylimits"), F_OK) == 0)
			report_add(&c->report, HOST_LIMITS_STATELESS,
				"control/relaylimits", NULL,
				new_state(c, false));
		return;
	}
	const char *quoted = report_quoted(path);

	if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
		report_add(&c->report, HOST_STATEDIR_MISSING, where,
			report_text("%s: no such directory", path),
			report_text(
				"install -d -o %s -m 700 %s", account, quoted));
	else if (as_account(c, can_write, path) != 1)
		report_add(&c->report, HOST_STATEDIR_DENIED, where, c->account,
			holds_state(path)
				? report_text("chown -R %s %s && chmod 700 %s",
					  account, quoted, quoted)
				: new_state(c, strncmp(where, "env/", 4) == 0));
	else if (status.st_mode & 077)
		report_add(&c->report, HOST_STATEDIR_OPEN, where,
			report_text("%04o", status.st_mode & 07777), NULL);
	else
		report_ok("statedir", where, "%s", path);
}

static void
look_at_hook(struct check *c)
{
	const char *path = settings_path(c, "limithook");

	if (access(path, F_OK) == 0 &&
		as_account(c, as_account_runs, path) != 1)
		report_add(&c->report, HOST_LIMITHOOK, "control/limithook",
			c->account, report_quoted(path));
}

void
check_host(struct check *c)
{
	look_at_run(c);
	look_at_account(c);
	if (c->isolated) {
		look_at_jail(c);
		look_at_uids(c);
	}
	check_container(c);
	look_at_state(c);
	look_at_hook(c);
}
