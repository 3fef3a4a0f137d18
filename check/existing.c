/*
 * existing - which recipients there are: validrcptto and its cdb as the
 * account would read them, entries that never match, and what the program of
 * rcptcheck answers. Run by smtpd-check.
 */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/ask_rcptcheck.h"
#include "check/cure.h"
#include "check/lists.h"
#include "check/settings.h"
#include "control/entry.h"
#include "control/policy.h"
#include "control/validrcptto.h"
#include "lib/cdbread.h"

#define COMPILED "morevalidrcptto.cdb"
#define SOURCE "morevalidrcptto"

/* -------------------------------------------------------------- files --- */

/* What qmail-newmvrt does, of a text without surprises. */
static const char *
compile(const struct check *c)
{
	const char *source = settings_quoted(c, SOURCE);
	const char *cdb = settings_quoted(c, COMPILED);

	return report_text("sed -n 's/[[:blank:]]*$//; /^[^#]/p' %s | "
			   "LC_ALL=C awk '{printf \"+%%d,0:%%s->\\n\", "
			   "length($0), $0} END {print \"\"}' | cdb -c -t "
			   "%s.tmp %s",
		source, cdb, cdb);
}

/* A text that is too long becomes a cdb; what is broken, nothing. */
static const char *
cure_broken(const struct check *c, const struct validrcptto *v)
{
	const char *path = settings_path(c, v->file), *aside = cure_aside(path);

	if (strncmp(v->reason, "larger", 6) == 0)
		return report_text("cat %s >> %s && %s && %s",
			report_quoted(path), settings_quoted(c, SOURCE),
			compile(c), aside);
	if (strcmp(v->file, COMPILED) == 0 &&
		access(settings_path(c, SOURCE), F_OK) == 0)
		return compile(c);
	return aside;
}

static int
is_readable(const void *directory)
{
	struct validrcptto v;

	return validrcptto_open(&v, directory) == 0;
}

/* False: nothing more can be said about them. */
static bool
look_at_files(struct check *c, struct validrcptto *v)
{
	struct stat source, cdb;
	const char *file = report_text("control/%s", COMPILED);

	if (stat(settings_path(c, SOURCE), &source) == 0 &&
		(stat(settings_path(c, COMPILED), &cdb) != 0 ||
			cdb.st_mtim.tv_sec < source.st_mtim.tv_sec))
		report_add(&c->report, RCPT_OLD,
			report_text("control/%s", SOURCE), NULL, compile(c));
	if (validrcptto_open(v, c->directory) == -1) {
		report_add(&c->report, RCPT_BROKEN,
			report_text("control/%s", v->file), v->reason,
			cure_broken(c, v));
		return false;
	}
	if (as_account(c, is_readable, c->directory) == 1)
		return true;
	for (const char *const *name =
			(const char *const[]){"validrcptto", COMPILED, NULL};
		*name != NULL; name++)
		if (access(settings_path(c, *name), F_OK) == 0)
			file = report_text("control/%s", *name);
	report_add(&c->report, RCPT_DENIED, file, c->account,
		settings_quoted(c, file + strlen("control/")));
	return true;
}

/* ------------------------------------------------------------ entries --- */

static const char *
fault_of(const struct check *c, struct slice entry)
{
	bool negative = entry.len > 0 && entry.data[0] == '-';
	struct slice address = slice_from(entry, negative);
	const char *fault;

	/* The one recipient without a domain. */
	if (slice_is(address, "postmaster"))
		return NULL;
	fault = entry_fault(address, ENTRY_ADDRESS);
	if (fault != NULL)
		return fault;
	for (size_t i = 0; i < address.len; i++)
		if (bytes_lower(address.data[i]) != address.data[i])
			return "is not in lower case";
	/* badrcptto is another matter. */
	if (policy_recipient(&c->config, address, false) == POLICY_RELAY)
		return "is of a domain that is not in rcpthosts";
	return NULL;
}

struct entries {
	struct check *c;
	const char *where;
	unsigned count;
};

static bool
look_at_entry(void *context, struct slice entry)
{
	struct entries *e = context;
	const char *fault = fault_of(e->c, entry);

	if (fault != NULL)
		lists_report(e->c, e->where, entry, fault, &e->count);
	return true;
}

static void
look_at_entries(struct check *c, const struct validrcptto *v)
{
	struct entries text = {c, "control/" VALIDRCPTTO_TEXT, 0};
	struct entries cdb = {c, "control/" VALIDRCPTTO_CDB, 0};
	struct slice line;
	size_t at = 0, records;

	while (control_next(&v->text, &at, &line))
		(void)look_at_entry(&text, line);
	/* It was read to its end, or to the first that is positive. */
	if (v->cdb != -1 &&
		cdbread_keys(v->cdb, look_at_entry, &cdb, &records) == -1)
		report_add(&c->report, RCPT_BROKEN, cdb.where, "corrupt",
			cure_aside(settings_path(c, COMPILED)));
}

/* ------------------------------------------------------------ program --- */

/* A domain of ours. */
static const char *
own_domain(const struct check *c)
{
	struct slice line, domain = c->config.me;
	size_t at = 0;

	while (control_next(&c->config.rcpthosts, &at, &line))
		if (line.data[0] != '.') {
			domain = line;
			break;
		}
	return report_slice(domain);
}

static void
look_at_program(struct check *c)
{
	const char *path = report_slice(c->config.rcptcheck);
	const char *where = settings_where(c, settings_row("rcptcheck", NULL));
	const char *domain = own_domain(c);
	const char *nobody =
		report_text("no-such-recipient-%ld@%s", (long)getpid(), domain);
	const char *postmaster = report_text("postmaster@%s", domain);

	if (as_account(c, as_account_runs, path) != 1) {
		report_add(&c->report, RCPT_PROGRAM, where,
			report_text("%s cannot run %s", c->account, path),
			report_quoted(path));
		return;
	}
	const char *no = ask_rcptcheck(c, path, nobody);
	const char *yes = ask_rcptcheck(c, path, postmaster);

	if (slice_starts(slice_of(no), "no answer") ||
		slice_starts(slice_of(yes), "no answer"))
		report_add(&c->report, RCPT_SILENT, where,
			report_text(
				"%s: %s; %s: %s", nobody, no, postmaster, yes),
			NULL);
	else if (slice_starts(slice_of(no), "accepted"))
		report_add(&c->report, RCPT_ACCEPTS, where,
			report_text("%s: %s", nobody, no), NULL);
	else
		report_ok("rcptcheck", where, "%s %s: %s; %s: %s", path, nobody,
			no, postmaster, yes);
}

void
check_existing(struct check *c)
{
	struct validrcptto v;

	if (look_at_files(c, &v)) {
		look_at_entries(c, &v);
		if (v.text.len > 0 || v.cdb != -1)
			report_ok("recipients", "control/validrcptto",
				c->config.rcptcheck.data != NULL
					? "those that are listed, rcptcheck "
					  "says who else"
				: v.positive
					? "those that are listed, nobody else"
					: "all but those that are listed");
	}
	if (c->config.rcptcheck.data != NULL)
		look_at_program(c);
}
