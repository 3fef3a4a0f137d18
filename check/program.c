/*
 * program - the queue program, as the account would run it, and what the
 * project's own ones need besides. Run by smtpd-check.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/check.h"

static int
can_run(const void *path)
{
	return access(path, X_OK) == 0;
}

static bool
is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* A queue program that there is on this host. */
static const char *
find_program(void)
{
	static const char *const known[] = {"/var/qmail/bin/qmail-queue",
		"/usr/local/bin/queue-sendmail", "/usr/bin/queue-sendmail"};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (is_file(known[i]))
			return known[i];
	return known[1];
}

static bool
can_write(const char *path)
{
	return access(path, W_OK | X_OK) == 0;
}

/* The directory that a path stands in. */
static const char *
parent_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return ".";
	return slash == path ? "/"
			     : report_text("%.*s", (int)(slash - path), path);
}

/* queue-maildir makes a Maildir, but no directory above it. */
static int
is_maildir(const void *path)
{
	static const char *const parts[] = {"tmp", "new", "cur"};

	if (access(path, F_OK) != 0)
		return errno == ENOENT && can_write(parent_of(path));
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const char *part =
			report_text("%s/%s", (const char *)path, parts[i]);

		if (!can_write(access(part, F_OK) == 0 ? part : path))
			return 0;
	}
	return 1;
}

static void
look_at_maildir(struct check *c)
{
	const char *path = getenv("QUEUE_MAILDIR");

	if (path == NULL || *path == '\0') {
		report_add(&c->report, QUEUE_NO_MAILDIR, "env/QUEUE_MAILDIR",
			NULL,
			check_cure_variable(c, "QUEUE_MAILDIR",
				"/var/spool/smtpd-auth/Maildir"));
		return;
	}
	if (check_as_account(c, is_maildir, path) == 1) {
		report_ok("queue-maildir", "env/QUEUE_MAILDIR", "%s", path);
		return;
	}
	const char *quoted = report_quoted(path);

	report_add(&c->report, QUEUE_MAILDIR, "env/QUEUE_MAILDIR", path,
		report_text("mkdir -p %s/tmp %s/new %s/cur && chown -R %s %s",
			quoted, quoted, quoted, report_quoted(c->account),
			quoted));
}

static void
look_at_sendmail(struct check *c)
{
	const char *set = getenv("SENDMAIL");
	bool given = set != NULL && *set != '\0';
	const char *path = given ? set : "/usr/sbin/sendmail";
	const char *where = given ? "env/SENDMAIL" : "default";

	if (is_file(path) && check_as_account(c, can_run, path) == 1)
		report_ok("queue-sendmail", where, "%s", path);
	else
		report_add(&c->report, QUEUE_SENDMAIL, where, path,
			given ? check_cure_unset(c, "SENDMAIL")
			      : "apt-get install postfix");
}

void
check_queue(struct check *c)
{
	const struct slice set = c->config.queue_program;
	const char *path = report_text("%.*s", (int)set.len, set.data);
	const char *where = check_where(c, check_row(NULL, "QMAILQUEUE"));
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	if (!is_file(path))
		report_add(&c->report, QUEUE_MISSING, where,
			report_text("%s: no such program", path),
			check_cure_variable(c, "QMAILQUEUE", find_program()));
	else if (check_as_account(c, can_run, path) != 1)
		report_add(&c->report, QUEUE_DENIED, where, c->account,
			report_quoted(path));
	else
		report_ok("queue program", where, "%s", path);
	if (strcmp(name, "queue-maildir") == 0)
		look_at_maildir(c);
	else if (strcmp(name, "queue-sendmail") == 0)
		look_at_sendmail(c);
}
