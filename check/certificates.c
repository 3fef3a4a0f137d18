/*
 * certificates - chain and key as the server would load them, then as a
 * client would see them. Run by smtpd-check.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check/as_account.h"
#include "check/certificates.h"
#include "check/cure.h"
#include "check/settings.h"
#include "keeper/find_pair.h"
#include "keeper/pair.h"
#include "lib/certificate.h"
#include "lib/chain.h"
#include "lib/controldir.h"
#include "lib/path.h"
#include "sasl/clientca.h"
#include "client/verify.h"

static struct signer_pair pair;

static struct cure_place
default_place(const struct check *c)
{
	return (struct cure_place){"", c->me};
}

const char *
certificates_cure(const struct check *c)
{
	struct cure_place place = default_place(c);

	return cure_new(c, &place);
}

/* Places where people put it, or where another server had it. */
static const char *
find_elsewhere(const struct check *c)
{
	const char *service = c->service.directory;
	const char *places[] = {CONTROLDIR_OWN "/servercert.pem",
		CONTROLDIR_QMAIL "/servercert.pem",
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
	const char *cure = certificates_cure(c);

	if (found != NULL)
		report_add(&c->report, CERT_ELSEWHERE, "control/servercert.pem",
			found,
			report_text("ln -s %s %s", report_quoted(found),
				settings_quoted(c, "servercert.pem")));
	else if (c->config.smtps)
		report_add(&c->report, CERT_NONE_TLS, "control/servercert.pem",
			NULL, cure);
	else
		report_add(&c->report, CERT_NONE, "control/servercert.pem",
			NULL, NULL);
}

static const char *
place_where(const struct cure_place *place, const char *file)
{
	return strncmp(file, "control/", 8) == 0
		       ? file
		       : report_text("control/%s%s", place->directory, file);
}

/* The first name that a certificate is made out for, or "". */
static const char *
name_of(struct slice der)
{
	struct certificate c;
	struct certificate_cursor at = {0};
	struct slice name;

	return certificate_parse(&c, der) == 0 &&
			       certificate_next(
				       &c, CERTIFICATE_ALT_DNS, &at, &name)
		       ? report_text(" (%.*s)", (int)name.len, name.data)
		       : "";
}

static struct slice
chain_of(const struct signer *s)
{
	return (struct slice){(const char *)s->pair->chain, s->chain_len};
}

/* The key is that of certificate NUMBER. */
static void
report_order(struct check *c, const struct cure_place *place,
	const struct signer *s, const char *number)
{
	struct slice chain = chain_of(s), der = SLICE_NONE;
	uint64_t n = 1;

	(void)slice_number(slice_of(number), &n); /* it is one */
	while (n-- > 0 && chain_take(&chain, &der))
		continue;
	report_add(&c->report, CERT_ORDER, place_where(place, s->file),
		report_text("%s%s", number, name_of(der)),
		cure_order(c, place, number));
}

/* What the server's own reading found: pair.c and find_pair.c. */
static void
report_fault(
	struct check *c, const struct cure_place *place, const struct signer *s)
{
	const char *where = place_where(place, s->file), *reason = s->reason;

	if (strcmp(reason, PAIR_DIFFER) == 0)
		report_add(&c->report, CERT_DIFFER, where, NULL,
			cure_differ(c, place));
	else if (slice_starts(slice_of(reason), PAIR_ORDER))
		report_order(c, place, s, reason + strlen(PAIR_ORDER));
	else if (slice_starts(slice_of(reason), PAIR_LONG))
		report_add(&c->report, CERT_BAD, where, reason,
			cure_long(c, place,
				report_text("%.*s",
					(int)strspn(reason + strlen(PAIR_LONG),
						"0123456789"),
					reason + strlen(PAIR_LONG))));
	else if (strstr(reason, "encrypted") != NULL)
		report_add(&c->report, CERT_ENCRYPTED, where, NULL,
			cure_encrypted(c, place));
	else if (strcmp(reason, strerror(EACCES)) == 0)
		report_add(&c->report, CERT_DENIED, where, reason,
			cure_denied(c, place));
	else if (strstr(reason, "key") != NULL)
		report_add(&c->report, CERT_KIND, where, reason,
			cure_new(c, place));
	else
		report_add(&c->report, CERT_BAD, where, reason,
			cure_new(c, place));
}

static void
report_days(struct check *c, struct slice chain, const char *where,
	const char *cure)
{
	int64_t left, until;

	if (verify_days(chain, &left, &until) == -1)
		return;
	if (left < c->days)
		c->days = left;
	if (until > 0)
		report_add(&c->report, CERT_EARLY, where,
			report_text("%lld", (long long)until), NULL);
	else if (left < 0)
		report_add(&c->report, CERT_EXPIRED, where,
			report_text("%lld", (long long)-left), cure);
	else if (left < CERTIFICATES_WARNED)
		report_add(&c->report, CERT_EXPIRES, where,
			report_text("%lld", (long long)left), NULL);
	else
		report_ok("certificate", where, "%lld days left",
			(long long)left);
}

/* Of the leaf: has it names where clients look, is it its own signer? */
static void
look_at_leaf(struct slice chain, bool *named, bool *self_signed)
{
	struct certificate leaf;
	struct certificate_cursor at = {0};
	struct slice name;
	bool good = certificate_parse(&leaf, chain_first(chain)) == 0;

	*named = good &&
		 certificate_next(&leaf, CERTIFICATE_ALT_DNS, &at, &name);
	*self_signed = good && slice_equal(leaf.issuer, leaf.subject);
}

/* cure: what brings a certificate of certbot's. */
static void
report_chain(struct check *c, struct slice chain, const char *where,
	const char *name, bool live, const char *cure)
{
	bool named, self_signed;

	look_at_leaf(chain, &named, &self_signed);
	if (!named)
		report_add(&c->report, CERT_NO_ALTNAME, where, NULL, cure);
	else if (verify_name(chain, name))
		report_ok("certificate", where, "made out for %s", name);
	else
		report_add(&c->report, live ? LIVE_NAME : CERT_NAME, where,
			name, cure);
	const char *fault =
		c->roots == NULL ? NULL : verify_trust(c->roots, chain);

	if (fault != NULL && self_signed)
		fault = "self-signed, it leads to no root of this system";
	if (fault != NULL)
		report_add(&c->report, live ? LIVE_TRUST : CERT_TRUST, where,
			fault, cure);
	else if (c->roots != NULL)
		report_ok("certificate", where, "signed by a known root");
}

void
certificates_shown(struct check *c, struct slice chain, const char *where,
	const char *name)
{
	const char *cure = cure_live(c, name);

	report_days(c, chain, where, "certbot renew (on the server)");
	report_chain(c, chain, where, name, true, cure);
}

/* What is right so far: who will like it? */
static void
look_at_pair(
	struct check *c, const struct cure_place *place, const struct signer *s)
{
	const char *where = place_where(place, "servercert.pem");

	report_days(c, chain_of(s), where, cure_renew(c, place));
	report_chain(
		c, chain_of(s), where, place->name, false, cure_new(c, place));
	/* What TLSMIN lets in is known later. */
	if (place->directory[0] == '\0')
		c->ec = s->type == KEY_EC;
}

/* The file that holds the key, as the lines have it. */
static const char *
key_where(const struct check *c, const struct cure_place *place)
{
	return report_text(
		"control/%s", cure_key(c, place) + strlen(c->directory) + 1);
}

static void
look_at_key_rights(struct check *c, const struct cure_place *place)
{
	struct stat status;

	/* Those below servercerts are read by the account itself. */
	if (stat(cure_key(c, place), &status) == 0 && status.st_mode & S_IROTH)
		report_add(&c->report, CERT_READABLE, key_where(c, place),
			report_text("%04o", status.st_mode & 07777),
			cure_readable_key(c, place));
}

static void
look_at_default(struct check *c)
{
	struct signer s = {.pair = &pair};
	struct cure_place place = default_place(c);
	int opened = find_pair_open(&s, c->directory, c->config.tls_min);

	if (opened == 0 && !signer_present(&s) && s.file == NULL) {
		report_none(c);
		return;
	}
	c->certificate = signer_present(&s) || opened == -1;
	if (!signer_present(&s) || find_pair_load(&s, slice_of("")) == -1)
		report_fault(c, &place, &s);
	else
		look_at_pair(c, &place, &s);
	signer_close(&s);
	look_at_key_rights(c, &place);
}

struct named {
	const struct check *check;
	struct cure_place place;
};

/* Opens a pair of servercerts. 0, or -1 with errno. */
static int
open_named(const struct named *named, struct signer *s)
{
	const struct check *c = named->check;

	s->key_fd = -1;
	s->certificate_fd =
		path_open(cure_path(c, &named->place, "servercert.pem"));
	if (s->certificate_fd == -1)
		return -1;
	s->key_fd = path_open(cure_path(c, &named->place, "serverkey.pem"));
	return s->key_fd == -1 && errno != ENOENT ? -1 : 0;
}

/* With the account's rights: an errno, or 0. */
static int
try_named(const void *what)
{
	struct signer s = {.pair = &pair};
	int error = open_named(what, &s) == -1 ? errno : 0;

	signer_close(&s);
	return error;
}

static void
look_at_named(struct check *c, const char *name)
{
	struct signer s = {.pair = &pair};
	struct named named = {c, {report_text("servercerts/%s/", name), name}};
	const struct cure_place *place = &named.place;
	struct stat status;

	/* A file beside the directories is nobody's. */
	if (stat(cure_path(c, place, ""), &status) == -1 && errno == ENOTDIR)
		return;
	int error = as_account(c, try_named, &named);

	if (error > 0)
		report_add(&c->report, CERT_DENIED,
			place_where(place, "servercert.pem"), strerror(error),
			error == ENOENT ? cure_new(c, place)
					: cure_denied(c, place));
	else if (open_named(&named, &s) == 0) {
		if (pair_load(&s, s.certificate_fd, s.key_fd) == -1)
			report_fault(c, place, &s);
		else
			look_at_pair(c, place, &s);
		signer_close(&s);
	}
	look_at_key_rights(c, place);
}

static void
look_at_names(struct check *c)
{
	const char *path = settings_path(c, "servercerts");
	struct cure_place place = {"servercerts/", ""};
	DIR *directory = opendir(path);
	struct dirent *entry;

	if (directory == NULL)
		return;
	if (cure_is_denied(c, path))
		report_add(&c->report, CERT_DENIED, "control/servercerts",
			strerror(EACCES), cure_denied(c, &place));
	else
		while ((entry = readdir(directory)) != NULL)
			if (entry->d_name[0] != '.')
				look_at_named(
					c, report_text("%s", entry->d_name));
	closedir(directory);
}

/* Not started as root, the account itself opens certificate and key. */
static int
find_denied(const void *what)
{
	const struct check *c = what;
	struct signer s = {.pair = &pair};

	return find_pair_open(&s, c->directory, c->config.tls_min) == -1;
}

/* Read where EXTERNAL is offered. */
static void
look_at_clientca(struct check *c)
{
	static struct clientca ca;
	const char *where = "control/clientca.pem";
	int fd;

	/* It may be root's alone. */
	if (clientca_open(&ca, c->directory, &fd) == -1 ||
		(fd == -1 && !c->root))
		return;
	if (fd != -1 && clientca_load(&ca, fd) == 0)
		report_ok("clientca.pem", where, "authorities: %zu", ca.count);
	else
		report_add(&c->report, CERT_CLIENTCA, where, ca.reason,
			settings_quoted(c, "clientca.pem"));
	if (fd != -1)
		close(fd);
}

void
check_certificates(struct check *c)
{
	struct cure_place place = default_place(c);

	c->roots = verify_load(c->roots_file);
	if (c->roots == NULL)
		report_add(&c->report, CERT_ROOTS, c->roots_file,
			strerror(errno), NULL);
	if (check_launcher_tls(c))
		return;
	look_at_default(c);
	if (c->certificate && !c->isolated &&
		as_account(c, find_denied, c) == 1)
		report_add(&c->report, CERT_DENIED, key_where(c, &place),
			strerror(EACCES), cure_denied(c, &place));
	look_at_names(c);
	look_at_clientca(c);
}
