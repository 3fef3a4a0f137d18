/*
 * logins - the user file: who can log in by what is offered. Reads the
 * compiled file, as the server does. Run by smtpd-check.
 */
#include <cdb.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/lists.h"
#include "check/logins.h"
#include "check/settings.h"
#include "lib/path.h"
#include "lib/words.h"
#include "passwd/origin.h"
#include "sasl/mechanism.h"
#include "users/cost.h"

#define MECHANISMS_MAX 32
#define SENDER_WORD "smtp_sender="
#define MEMORY_NEEDED 8000000 /* octets that the server itself runs in */

/* Users of one kind: the first by name, the others by number. */
struct group {
	char first[USERS_LOGIN_MAX + 1];
	size_t count;
};

struct people {
	size_t enabled, able;
	struct group without_secret, without_mechanism;
	size_t shut_out[MECHANISMS_MAX]; /* able users that cannot do it */
	uint64_t memory;		 /* octets of the dearest hash */
	char first[USERS_LOGIN_MAX + 1]; /* somebody who can log in */
	struct user user;
};

static void
remember(char *out, struct slice login)
{
	if (out[0] == '\0')
		(void)slice_string(login, out, USERS_LOGIN_MAX + 1);
}

static void
count(struct group *group, struct slice login)
{
	remember(group->first, login);
	group->count++;
}

static const char *
group_text(const struct group *group)
{
	if (group->count == 1)
		return group->first;
	return report_text("%s and %zu more", group->first, group->count - 1);
}

static void
count_memory(struct people *p)
{
	for (size_t i = 0; i < p->user.secrets_count; i++) {
		const struct secret *secret = &p->user.secrets[i].secret;
		uint64_t memory = secret->kind == SECRET_CRYPT
					  ? cost_memory(secret->text)
					  : 0;

		if (memory > p->memory)
			p->memory = memory;
	}
}

/* Addresses that a login may send as, and never can. */
static void
look_at_senders(struct check *c, const struct people *p, struct slice login)
{
	struct slice words = p->user.gecos;

	while (words.data != NULL) {
		struct slice word = slice_split(&words, ' ');

		if (slice_starts_nocase(word, SENDER_WORD))
			lists_senders(c, login,
				slice_from(word, strlen(SENDER_WORD)));
	}
}

static void
add_user(struct people *p, const char *offered, struct slice login)
{
	bool able = false, offered_one = false;
	bool usable[MECHANISMS_MAX] = {false};

	if (p->user.disabled)
		return;
	p->enabled++;
	count_memory(p);
	for (size_t i = 0; i < MECHANISMS_MAX && mechanisms[i] != NULL; i++) {
		usable[i] = mechanism_holds(&p->user, mechanisms[i]->kinds);
		able = able || usable[i];
		if (usable[i] && words_has(slice_of(offered),
					 slice_of(mechanisms[i]->row->name)))
			offered_one = true;
	}
	if (!able) {
		count(&p->without_secret, login);
		return;
	}
	p->able++;
	remember(p->first, login);
	if (!offered_one)
		count(&p->without_mechanism, login);
	for (size_t i = 0; i < MECHANISMS_MAX && mechanisms[i] != NULL; i++)
		p->shut_out[i] += !usable[i];
}

/* Every user of the compiled file. 0, or -1: it is broken. */
static int
take_census(struct check *c, struct people *p, int fd)
{
	struct cdb cdb;
	unsigned at;
	int more;

	if (cdb_init(&cdb, fd) != 0)
		return -1;
	cdb_seqinit(&at, &cdb);
	while ((more = cdb_seqnext(&at, &cdb)) > 0) {
		struct slice login = {cdb_getkey(&cdb), cdb_keylen(&cdb)};
		struct slice record = {cdb_getdata(&cdb), cdb_datalen(&cdb)};

		if (login.data == NULL || record.data == NULL)
			break;
		if (login.len > 0 && login.data[0] == '#')
			continue;
		if (users_parse(&p->user, record) == -1)
			break;
		add_user(p, c->mechanisms, login);
		look_at_senders(c, p, login);
	}
	cdb_free(&cdb);
	explicit_bzero(&p->user, sizeof p->user);
	return more == 0 ? 0 : -1;
}

int
logins_open(const struct check *c)
{
	return path_open(settings_path(c, "authusers.cdb"));
}

static void
report_shut_out(struct check *c, const struct people *p, const char *where)
{
	for (size_t i = 0; i < MECHANISMS_MAX && mechanisms[i] != NULL; i++)
		if (p->shut_out[i] > 0 &&
			words_has(slice_of(c->mechanisms),
				slice_of(mechanisms[i]->row->name)))
			report_add(&c->report, PEOPLE_SHUT_OUT, where,
				report_text("%zu of %zu enabled users cannot "
					    "use %s",
					p->shut_out[i], p->able,
					mechanisms[i]->row->name),
				NULL);
}

/* softlimit: the hash of a password may want more than the server. */
static void
report_memory(struct check *c, const struct people *p)
{
	uint64_t needed = MEMORY_NEEDED + p->memory;

	if (c->service.memory == 0 || c->service.memory >= needed)
		return;
	report_add(&c->report, HOST_MEMORY, "run",
		report_text("%llu", (unsigned long long)c->service.memory),
		report_text("sed -i 's/\\<%llu\\>/%llu/' %s",
			(unsigned long long)c->service.memory,
			(unsigned long long)needed,
			servicedir_run(&c->service)));
}

static void
report_people(struct check *c, const struct people *p)
{
	const char *file = settings_quoted(c, "authusers"),
		   *mechs = c->mechanisms;
	const char *where = settings_where(c, settings_row("authmechs", NULL));

	if (p->without_secret.count > 0)
		report_add(&c->report, PEOPLE_NO_SECRET, "control/authusers",
			group_text(&p->without_secret),
			report_text("smtpd-passwd -f %s set %s", file,
				report_quoted(p->without_secret.first)));
	if (!c->config.auth_off && p->without_mechanism.count > 0)
		report_add(&c->report, PEOPLE_NO_MECHANISM, where,
			group_text(&p->without_mechanism),
			c->config.mechanisms.data == NULL
				? report_text("smtpd-passwd -f %s set %s", file,
					  report_quoted(
						  p->without_mechanism.first))
				: settings_cure_variable(c, "AUTHMECHS",
					  "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN "
					  "LOGIN"));
	if (c->config.mechanisms.data != NULL && *mechs != '\0')
		report_shut_out(c, p, where);
	if (p->able > 0)
		report_ok("users", "control/authusers.cdb",
			"%zu of %zu enabled can log in",
			p->able - p->without_mechanism.count, p->enabled);
}

/* Nobody: harmless where mail is taken without a login. */
static void
report_nobody(struct check *c)
{
	if (c->config.require_auth)
		report_add(&c->report, PEOPLE_NONE_NEEDED, "control/authusers",
			NULL, settings_quoted(c, "authusers"));
	else
		report_add(&c->report, PEOPLE_NONE, "control/authusers", NULL,
			NULL);
}

/* Is it of this text? Returns whether there is a compiled file. */
static bool
compare_files(struct check *c)
{
	const char *text = settings_path(c, "authusers");
	const char *compiled = settings_path(c, "authusers.cdb");
	const char *file = settings_quoted(c, "authusers");
	struct stat status;
	bool has_text = stat(text, &status) == 0;

	if (stat(compiled, &status) != 0) {
		if (has_text)
			report_add(&c->report, PEOPLE_NOT_COMPILED,
				"control/authusers", NULL, file);
		else
			report_nobody(c);
		return false;
	}
	if (has_text && origin_state(text, compiled) == ORIGIN_OTHER)
		report_add(&c->report, PEOPLE_OLD, "control/authusers", NULL,
			file);
	return true;
}

static void
look_at_rights(struct check *c, const char *name)
{
	struct stat status;

	if (stat(settings_path(c, name), &status) == 0 &&
		(status.st_mode & S_IROTH) != 0)
		report_add(&c->report, PEOPLE_READABLE,
			report_text("control/%s", name),
			report_text("%04o", status.st_mode & 07777),
			settings_quoted(c, name));
}

static int
can_open(const void *path)
{
	int fd = path_open(path);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

/* Started as root, the server opens the file before it is the account. */
static bool
readable(struct check *c)
{
	const char *path = settings_path(c, "authusers.cdb");
	bool good = c->isolated && c->root ? can_open(path)
					   : as_account(c, can_open, path) == 1;

	if (!good)
		report_add(&c->report, PEOPLE_DENIED, "control/authusers.cdb",
			c->account,
			report_text("chown %s %s", report_quoted(c->account),
				settings_quoted(c, "authusers.cdb")));
	return good;
}

void
check_logins(struct check *c)
{
	static struct people people;
	int fd;

	if (!compare_files(c) || !readable(c))
		return;
	look_at_rights(c, "authusers");
	look_at_rights(c, "authusers.cdb");
	fd = logins_open(c);
	if (fd == -1 || take_census(c, &people, fd) == -1) {
		report_add(&c->report, PEOPLE_BROKEN, "control/authusers.cdb",
			NULL, settings_quoted(c, "authusers"));
	} else {
		report_people(c, &people);
		report_memory(c, &people);
		if (people.able == 0)
			report_nobody(c);
		if (people.first[0] != '\0')
			c->user = report_text("%s", people.first);
	}
	if (fd != -1)
		close(fd);
}
