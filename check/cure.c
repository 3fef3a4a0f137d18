/*
 * cure - commands that mend certificates and keys. What is there is moved
 * aside, never written over, and a path is named only when it is there, or
 * when the command itself makes it. Run by smtpd-check.
 */
#include "check/as_account.h"
#include "check/cure.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/pair.h"
#include "lib/controldir.h"
#include "lib/path.h"

#define LIVE "/etc/letsencrypt/live"
#define CERTIFICATE "servercert.pem"
#define KEY "serverkey.pem"

static struct signer_pair pair;

const char *
cure_path(
	const struct check *c, const struct cure_place *place, const char *file)
{
	return report_text("%s/%s%s", c->directory, place->directory, file);
}

/* "A && B"; either may be empty. */
static const char *
then(const char *first, const char *second)
{
	return report_text("%s%s%s", first,
		*first != '\0' && *second != '\0' ? " && " : "", second);
}

const char *
cure_aside(const char *path)
{
	const char *quoted = report_quoted(path);

	return report_text("mv --backup=t %s %s", quoted,
		report_quoted(report_text("%s.old", path)));
}

const char *
cure_over(const char *path, const char *command)
{
	return then(access(path, F_OK) == 0 ? cure_aside(path) : "",
		report_text("%s > %s", command, report_quoted(path)));
}

const char *
cure_move(const char *from, const char *to)
{
	return then(access(to, F_OK) == 0 ? cure_aside(to) : "",
		report_text(
			"mv %s %s", report_quoted(from), report_quoted(to)));
}

/* Moves away what stands there, unless it is a link. */
static const char *
cleared(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 && !S_ISLNK(status.st_mode)
		       ? cure_aside(path)
		       : "";
}

/* The lineage of certbot's that has the name; wildcards are below the rest. */
static const char *
lineage(const struct cure_place *place)
{
	const char *name = place->name;

	return strncmp(name, "*.", 2) == 0 ? name + 2 : name;
}

static const char *
live_path(const struct cure_place *place, const char *file)
{
	return report_text("%s/%s/%s", LIVE, lineage(place),
		strcmp(file, KEY) == 0 ? "privkey.pem" : "fullchain.pem");
}

static bool
is_same(const char *a, const char *b)
{
	char one[PATH_MAX], other[PATH_MAX];

	return realpath(a, one) != NULL && realpath(b, other) != NULL &&
	       strcmp(one, other) == 0;
}

/* Would the two do as a pair, today? */
static bool
fits(const char *certificate, const char *key)
{
	struct signer s = {.pair = &pair};
	int certificate_fd = path_open(certificate);
	int key_fd = path_open(key);
	bool good = certificate_fd != -1 && key_fd != -1 &&
		    pair_load(&s, certificate_fd, key_fd) == 0 &&
		    s.dates == NULL;

	pair_forget_key(&s);
	pair_close(&certificate_fd, &key_fd);
	return good;
}

/* Root opens the first pair, the account those below servercerts. */
static bool
account_opens(const struct check *c, const struct cure_place *place)
{
	return place->directory[0] != '\0' || !c->isolated;
}

/* A copy that the account can read, of what is root's. */
static const char *
copied(const struct check *c, const char *from, const char *to, bool secret)
{
	return then(cleared(to),
		report_text("install -m %s -o %s %s %s", secret ? "400" : "444",
			report_quoted(c->account), report_quoted(from),
			report_quoted(to)));
}

/* Certbot's file in its place. */
static const char *
placed(const struct check *c, const struct cure_place *place, const char *file)
{
	const char *from = live_path(place, file);
	const char *to = cure_path(c, place, file);
	struct stat status;

	if (is_same(from, to))
		return "";
	if (account_opens(c, place))
		return copied(c, from, to, strcmp(file, KEY) == 0);
	return then(cleared(to),
		report_text("ln %s %s %s",
			lstat(to, &status) == 0 && S_ISLNK(status.st_mode)
				? "-sf"
				: "-s",
			report_quoted(from), report_quoted(to)));
}

static const char *
certbot(const struct cure_place *place, bool again)
{
	const char *force = again ? " --force-renewal" : "";

	if (place->name[0] == '*')
		return report_text("certbot certonly%s --key-type ecdsa "
				   "--manual --preferred-challenges dns "
				   "--cert-name %s -d %s",
			force, report_quoted(lineage(place)),
			report_quoted(place->name));
	return report_text("certbot certonly%s --key-type ecdsa -d %s", force,
		report_quoted(place->name));
}

const char *
cure_new(const struct check *c, const struct cure_place *place)
{
	const char *chain = live_path(place, CERTIFICATE);
	bool there = access(chain, F_OK) == 0;
	const char *first =
		fits(chain, live_path(place, KEY)) ? "" : certbot(place, there);

	return then(first,
		then(placed(c, place, CERTIFICATE), placed(c, place, KEY)));
}

const char *
cure_renew(const struct check *c, const struct cure_place *place)
{
	return is_same(live_path(place, CERTIFICATE),
		       cure_path(c, place, CERTIFICATE))
		       ? "certbot renew"
		       : cure_new(c, place);
}

const char *
cure_live(const struct check *c, const char *name)
{
	const char *control =
		c->directory == NULL ? CONTROLDIR_OWN : c->directory;
	const char *live = report_quoted(report_text("%s/%s", LIVE, name));

	return report_text("certbot certonly --key-type ecdsa -d %s && cd %s "
			   "&& ln -s --backup=t %s/fullchain.pem " CERTIFICATE
			   " && ln -s --backup=t %s/privkey.pem " KEY,
		report_quoted(name), report_quoted(control), live, live);
}

const char *
cure_key(const struct check *c, const struct cure_place *place)
{
	const char *path = cure_path(c, place, KEY);

	return access(path, F_OK) == 0 ? path
				       : cure_path(c, place, CERTIFICATE);
}

const char *
cure_differ(const struct check *c, const struct cure_place *place)
{
	if (fits(cure_path(c, place, CERTIFICATE), live_path(place, KEY)))
		return placed(c, place, KEY);
	if (fits(live_path(place, CERTIFICATE), cure_key(c, place)))
		return placed(c, place, CERTIFICATE);
	return cure_new(c, place);
}

/* The file moved aside, and written anew by awk. */
static const char *
rewritten(const struct check *c, const struct cure_place *place,
	const char *program)
{
	const char *path = cure_path(c, place, CERTIFICATE);
	const char *quoted = report_quoted(path);
	const char *old = report_quoted(report_text("%s.old", path));

	/* The copy has owner and mode, for there may be a key in it. */
	return report_text("%s && cp -p %s %s && awk '%s' %s > %s",
		cure_aside(path), old, quoted, program, old, quoted);
}

const char *
cure_order(const struct check *c, const struct cure_place *place,
	const char *first)
{
	if (fits(live_path(place, CERTIFICATE), cure_key(c, place)))
		return placed(c, place, CERTIFICATE);
	/* The one that fits, then the others from the last to the first. */
	return rewritten(c, place,
		report_text("/-----BEGIN CERT/ {n++} {c[n] = c[n] $0 \"\\n\"} "
			    "END {printf \"%%s%%s\", c[0], c[%s]; for (i = n; "
			    "i > 0; i--) if (i != %s) printf \"%%s\", c[i]}",
			first, first));
}

const char *
cure_long(
	const struct check *c, const struct cure_place *place, const char *last)
{
	return rewritten(c, place,
		report_text("/-----BEGIN/ {n += / CERT/; out = / CERT/ && n "
			    ">= %s} !out",
			last));
}

const char *
cure_encrypted(const struct check *c, const struct cure_place *place)
{
	const char *key = cure_path(c, place, KEY);
	const char *from = cure_path(c, place, CERTIFICATE), *aside = "";

	if (access(key, F_OK) == 0) {
		from = report_text("%s.old", key);
		aside = cure_aside(key);
	}
	const char *cure =
		then(aside, report_text("openssl pkey -in %s -out %s",
				    report_quoted(from), report_quoted(key)));

	return account_opens(c, place)
		       ? then(cure, report_text("chown %s %s",
					    report_quoted(c->account),
					    report_quoted(key)))
		       : cure;
}

/* ---------------------------------------------------------------- rights - */

static int
can_search(const void *path)
{
	return access(path, R_OK | X_OK) == 0;
}

bool
cure_is_denied(const struct check *c, const char *directory)
{
	return as_account(c, can_search, directory) == 0;
}

/* Opens the directories on the way to the pair. */
static const char *
searchable(const struct check *c, const struct cure_place *place)
{
	const char *directories[] = {c->directory,
		report_text("%s/servercerts", c->directory),
		report_text("%s/%s", c->directory, place->directory)};
	size_t count = place->directory[0] == '\0' ? 1 : 3;
	const char *cure = "";

	for (size_t i = 0; i < count; i++) {
		struct stat status;

		if (stat(directories[i], &status) == 0 &&
			(status.st_mode & 05) != 05 &&
			(*cure != '\0' || cure_is_denied(c, directories[i])))
			cure = then(
				cure, report_text("chmod a+rx %s",
					      report_quoted(directories[i])));
	}
	return cure;
}

/* Lets the account read one file, and nobody what a link leads to. */
static const char *
readable(const struct check *c, const char *path, bool secret)
{
	char real[PATH_MAX];
	struct stat status;
	size_t len = strlen(c->directory);

	if (realpath(path, real) == NULL || stat(real, &status) == -1)
		return "";
	bool ours = strncmp(real, c->directory, len) == 0 && real[len] == '/';
	bool may = status.st_mode & S_IROTH ||
		   (status.st_uid == c->uid && status.st_mode & S_IRUSR) ||
		   (status.st_gid == c->gid && status.st_mode & S_IRGRP);

	if (ours ? may : as_account(c, as_account_reads, real) == 1)
		return "";
	if (!ours)
		return copied(c, real, path, secret);
	return report_text("chown %s %s && chmod u+r %s",
		report_quoted(c->account), report_quoted(real),
		report_quoted(real));
}

const char *
cure_denied(const struct check *c, const struct cure_place *place)
{
	return then(searchable(c, place),
		then(readable(c, cure_path(c, place, CERTIFICATE), false),
			readable(c, cure_path(c, place, KEY), true)));
}

const char *
cure_readable_key(const struct check *c, const struct cure_place *place)
{
	const char *path = cure_key(c, place), *quoted = report_quoted(path);
	char real[PATH_MAX];

	if (!account_opens(c, place) || realpath(path, real) == NULL)
		return report_text("chmod o= %s", quoted);
	if (is_same(path, live_path(place, KEY)))
		return then(copied(c, real, path, true),
			report_text("chmod o= %s", report_quoted(real)));
	return report_text("chown %s %s && chmod o= %s",
		report_quoted(c->account), quoted, quoted);
}
