/*
 * programs - the queue program, as the account would run it, and what the
 * project's own ones need besides. Run by smtpd-check.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/settings.h"

static bool
is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* One of the project's programs: beside us, or where they are installed. */
static const char *
find_own(const char *name)
{
	char self[1024];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	const char *places[] = {NULL, "/usr/local/bin", "/usr/bin"};

	self[len < 0 ? 0 : len] = '\0';
	if (strrchr(self, '/') != NULL) {
		*strrchr(self, '/') = '\0';
		places[0] = self;
	}
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (places[i] == NULL)
			continue;
		const char *path = report_text("%s/%s", places[i], name);

		if (is_file(path))
			return path;
	}
	return NULL;
}

/* A queue program that there is on this host; the last always works. */
static const char *
find_program(void)
{
	const char *own = NULL;

	if (is_file("/var/qmail/bin/qmail-queue"))
		return "/var/qmail/bin/qmail-queue";
	if (is_file("/usr/sbin/sendmail"))
		own = find_own("queue-sendmail");
	if (own == NULL)
		own = find_own("queue-maildir");
	return own == NULL ? "/usr/local/bin/queue-maildir" : own;
}

/* For as_account(): can files be made in this directory? 1 or 0. */
static int
can_write(const void *path)
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
			     : report_slice((struct slice){
				       path, (size_t)(slash - path)});
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
			settings_cure_variable(c, "QUEUE_MAILDIR",
				"/var/spool/smtpd-auth/Maildir"));
		return;
	}
	if (as_account(c, is_maildir, path) == 1) {
		report_ok("queue-maildir", "env/QUEUE_MAILDIR", "%s", path);
		return;
	}
	const char *quoted = report_quoted(path);

	report_add(&c->report, QUEUE_MAILDIR, "env/QUEUE_MAILDIR", path,
		report_text("mkdir -p %s/tmp %s/new %s/cur && chown %s %s/tmp "
			    "%s/new %s/cur",
			quoted, quoted, quoted, report_quoted(c->account),
			quoted, quoted, quoted));
}

static void
look_at_spool(struct check *c)
{
	const char *set = getenv("TMPDIR");
	bool given = set != NULL && *set != '\0';
	const char *path = given ? set : "/tmp";

	if (as_account(c, can_write, path) != 1)
		report_add(&c->report, QUEUE_SPOOL,
			given ? "env/TMPDIR" : "default", path,
			given ? settings_cure_unset(c, "TMPDIR")
			      : "chmod 1777 /tmp");
}

static void
look_at_sendmail(struct check *c)
{
	const char *set = getenv("SENDMAIL");
	bool given = set != NULL && *set != '\0';
	const char *path = given ? set : "/usr/sbin/sendmail";
	const char *where = given ? "env/SENDMAIL" : "default";

	if (is_file(path) && as_account(c, as_account_runs, path) == 1)
		report_ok("queue-sendmail", where, "%s", path);
	else
		report_add(&c->report, QUEUE_SENDMAIL, where, path,
			given ? settings_cure_unset(c, "SENDMAIL")
			      : "apt-get install postfix");
	look_at_spool(c);
}

void
check_programs(struct check *c)
{
	const char *path = report_slice(c->config.queue_program);
	const char *where = settings_where(c, settings_row(NULL, "QMAILQUEUE"));
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;

	if (!is_file(path))
		report_add(&c->report, QUEUE_MISSING, where,
			report_text("%s: no such program", path),
			settings_cure_variable(
				c, "QMAILQUEUE", find_program()));
	else if (as_account(c, as_account_runs, path) != 1)
		report_add(&c->report, QUEUE_DENIED, where,
			report_text("%s cannot run %s", c->account, path),
			report_quoted(path));
	else
		report_ok("queue program", where, "%s", path);
	if (strcmp(name, "queue-maildir") == 0)
		look_at_maildir(c);
	else if (strcmp(name, "queue-sendmail") == 0)
		look_at_sendmail(c);
	else if (strcmp(name, "queue-qmqp") == 0) {
		look_at_spool(c);
		check_qmqp(c);
	}
}
