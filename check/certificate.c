/*
 * certificate - chain and key as the server would load them, then as a
 * client would see them. Run by smtpd-check.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/check.h"
#include "keeper/pair.h"

#define DAYS_WARNED 14 /* certbot renews at 30 */

static struct signer_pair pair;

const char *
check_cure_certificate(const struct check *c)
{
	const char *live = report_text("/etc/letsencrypt/live/%.*s",
		(int)c->config.me.len, c->config.me.data);

	return report_text("ln -s %s %s && ln -s %s %s",
		report_quoted(report_text("%s/fullchain.pem", live)),
		check_path(c, "servercert.pem"),
		report_quoted(report_text("%s/privkey.pem", live)),
		check_path(c, "serverkey.pem"));
}

/* Places where people put it, or where another server had it. */
static const char *
find_elsewhere(const struct check *c)
{
	const char *service = c->service.directory;
	const char *places[] = {"/etc/smtpd-auth/control/servercert.pem",
		"/var/qmail/control/servercert.pem",
		service == NULL ? NULL
				: report_text("%s/servercert.pem", service),
		service == NULL ? NULL
				: report_text("%s/env/servercert.pem", service),
		service == NULL
			? NULL
			: report_text("%s/control/servercert.pem", service)};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (places[i] != NULL && access(places[i], F_OK) == 0)
			return places[i];
	return NULL;
}

static void
report_none(struct check *c)
{
	const char *found = find_elsewhere(c);
	const char *cure = check_cure_certificate(c);

	if (found != NULL)
		report_add(&c->report, CERT_ELSEWHERE, "control/servercert.pem",
			found,
			report_text("ln -s %s %s", report_quoted(found),
				check_path(c, "servercert.pem")));
	else if (c->config.smtps)
		report_add(&c->report, CERT_NONE_TLS, "control/servercert.pem",
			NULL, cure);
	else
		report_add(&c->report, CERT_NONE, "control/servercert.pem",
			NULL, NULL);
}

/* A pair of files: in the control directory, or in one below servercerts. */
struct place {
	const char *directory; /* below the control directory: "" or "a/" */
	const char *name;      /* that it is to be made out for */
};

static const char *
place_path(const struct check *c, const struct place *place, const char *file)
{
	return report_text("%s/%s%s", c->directory, place->directory, file);
}

static const char *
place_where(const struct place *place)
{
	return report_text("control/%sservercert.pem", place->directory);
}

/* The file that holds the key. */
static const char *
key_path(const struct check *c, const struct place *place)
{
	const char *path = place_path(c, place, "serverkey.pem");

	return access(path, F_OK) == 0 ? path
				       : place_path(c, place, "servercert.pem");
}

/* What the server's own reading found: pair.c and signer.c. */
static void
report_fault(struct check *c, const struct place *place, const char *reason)
{
	const char *key = report_quoted(key_path(c, place));
	const char *name = report_quoted(place->name);
	const char *where = place_where(place);

	if (strstr(reason, "differ") != NULL)
		report_add(&c->report, CERT_DIFFER, where, NULL,
			report_text("ln -sf "
				    "/etc/letsencrypt/live/%s/privkey.pem %s",
				name,
				report_quoted(place_path(
					c, place, "serverkey.pem"))));
	else if (strstr(reason, "encrypted") != NULL)
		report_add(&c->report, CERT_ENCRYPTED, where, NULL, key);
	else if (strstr(reason, "Ed25519") != NULL ||
		 strstr(reason, "RSA keys") != NULL)
		report_add(&c->report, CERT_KIND, where, reason, name);
	else
		report_add(&c->report, CERT_BAD, where, reason, name);
}

static void
report_days(struct check *c, struct slice chain, const char *where)
{
	int64_t days;

	if (verify_days(chain, &days) == -1)
		return;
	if (days < 0)
		report_add(&c->report, CERT_EXPIRED, where,
			report_text("%lld", (long long)-days), NULL);
	else if (days < DAYS_WARNED)
		report_add(&c->report, CERT_EXPIRES, where,
			report_text("%lld", (long long)days), NULL);
	else
		report_ok("certificate", where, "%lld days left",
			(long long)days);
}

void
check_chain(struct check *c, struct slice chain, const char *where,
	const char *name, bool live)
{
	report_days(c, chain, where);
	if (verify_name(chain, name))
		report_ok("certificate", where, "made out for %s", name);
	else
		report_add(&c->report, live ? LIVE_NAME : CERT_NAME, where,
			name, name);
	const char *fault =
		c->roots == NULL ? NULL : verify_trust(c->roots, chain);

	if (fault != NULL)
		report_add(&c->report, live ? LIVE_TRUST : CERT_TRUST, where,
			fault, name);
	else if (c->roots != NULL)
		report_ok("certificate", where, "signed by a known root");
}

static void
look_at_key_rights(struct check *c, const struct place *place)
{
	struct stat status;
	const char *path = key_path(c, place), *quoted = report_quoted(path);

	/* Those below servercerts are read by the account itself. */
	if (stat(path, &status) == 0 && status.st_mode & S_IROTH)
		report_add(&c->report, CERT_READABLE,
			report_text(
				"control/%s", path + strlen(c->directory) + 1),
			report_text("%04o", status.st_mode & 07777),
			place->directory[0] == '\0'
				? report_text("chmod o= %s", quoted)
				: report_text("chown %s %s && chmod o= %s",
					  report_quoted(c->account), quoted,
					  quoted));
}

static struct slice
chain_of(const struct signer *s)
{
	return (struct slice){(const char *)s->pair->chain, s->chain_len};
}

static void
look_at_default(struct check *c)
{
	struct signer s = {.pair = &pair};
	struct place place = {"",
		report_text("%.*s", (int)c->config.me.len, c->config.me.data)};
	int opened = signer_open(&s, c->directory, c->config.tls_min);

	if (opened == 0 && !signer_present(&s)) {
		report_none(c);
		return;
	}
	c->certificate = true;
	if (opened == -1 || signer_load(&s, slice_of("")) == -1)
		report_fault(c, &place, s.reason);
	else
		check_chain(c, chain_of(&s), place_where(&place), place.name,
			false);
	signer_close(&s);
	look_at_key_rights(c, &place);
}

struct named {
	const struct check *check;
	struct place place;
};

static int
open_file(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

/* With the account's rights: prints its lines itself. */
static int
look_at_named(const void *what)
{
	const struct named *named = what;
	const struct place *place = &named->place;
	static struct check c;
	struct signer s = {.pair = &pair};

	c = *named->check;
	c.report.fails = 0;
	s.certificate_fd = open_file(place_path(&c, place, "servercert.pem"));
	s.key_fd = s.certificate_fd == -1
			   ? -1
			   : open_file(place_path(&c, place, "serverkey.pem"));
	if (s.certificate_fd == -1 || (s.key_fd == -1 && errno != ENOENT))
		report_add(&c.report, CERT_DENIED, place_where(place),
			strerror(errno),
			report_text("chown -RL %s %s", report_quoted(c.account),
				check_path(&c, place->directory)));
	else if (pair_load(&s, s.certificate_fd, s.key_fd) == -1)
		report_fault(&c, place, s.reason);
	else
		check_chain(&c, chain_of(&s), place_where(place), place->name,
			false);
	signer_close(&s);
	return (int)c.report.fails;
}

static void
look_at_names(struct check *c)
{
	DIR *directory = opendir(report_text("%s/servercerts", c->directory));
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		struct named named = {
			c, {report_text("servercerts/%s/", entry->d_name),
				   report_text("%s", entry->d_name)}};
		int fails;

		if (entry->d_name[0] == '.')
			continue;
		fails = check_as_account(c, look_at_named, &named);
		c->report.fails += fails > 0 ? (unsigned)fails : 0;
		look_at_key_rights(c, &named.place);
	}
	if (directory != NULL)
		closedir(directory);
}

/* Not started as root, the account itself opens certificate and key. */
static int
find_denied(const void *what)
{
	const struct check *c = what;
	struct signer s = {.pair = &pair};

	return signer_open(&s, c->directory, c->config.tls_min) == -1;
}

void
check_certificates(struct check *c)
{
	c->roots = verify_load(c->roots_file);
	if (c->roots == NULL)
		report_add(&c->report, CERT_ROOTS, c->roots_file,
			strerror(errno), NULL);
	look_at_default(c);
	if (c->certificate && !c->isolated &&
		check_as_account(c, find_denied, c) == 1)
		report_add(&c->report, CERT_DENIED, "control/serverkey.pem",
			strerror(EACCES),
			report_text("chown %s %s", report_quoted(c->account),
				check_path(c, "serverkey.pem")));
	look_at_names(c);
}
