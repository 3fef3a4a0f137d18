/* compile - see compile.h. Used by smtpd-passwd. */
#include "passwd/compile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "passwd/cdbwrite.h"
#include "passwd/census.h"
#include "passwd/origin.h"
#include "passwd/prepare.h"
#include "passwd/progress.h"
#include "passwd/seen.h"
#include "lib/base64.h"
#include "lib/path.h"

#define KEY_MARK "# smtpd-key "

struct run {
	const struct compile *c;
	struct cdbwrite *cdb;
	struct seen seen; /* has slots in the second run only */
	struct census *census;
	struct origin origin;
	struct user user;
	struct progress progress;
};

/* "FILE:LINE: reason", as a warning when lenient, else as the failure. */
static int
fault(const struct compile *c, size_t line, const char *reason)
{
	const char *name = c->file->name;

	if (!c->lenient)
		return userfile_fail(c->file, "%s:%zu: %s", name, line, reason);
	userfile_warn(c->file, "%s:%zu: %s", name, line, reason);
	return 0;
}

/* Is it the second run, which says only which logins are there twice? */
static bool
is_second(const struct run *run)
{
	return run->seen.slots != NULL;
}

static void
warn(struct run *run, size_t line, const char *reason)
{
	struct userfile *f = run->c->file;

	if (!is_second(run))
		userfile_warn(f, "%s:%zu: %s", f->name, line, reason);
}

/* Can one SCRAM exchange be tried against all secrets of its hash? */
static bool
shares_salts(const struct user *user)
{
	const struct secret *first[2] = {NULL, NULL};

	for (size_t i = 0; i < user->secrets_count; i++) {
		const struct secret *secret = &user->secrets[i].secret;
		size_t hash = secret->kind == SECRET_SCRAM_SHA_1;

		if (!secret_shares_derived(secret, secret))
			continue; /* not SCRAM */
		if (first[hash] == NULL)
			first[hash] = secret;
		if (!secret_shares_derived(secret, first[hash]))
			return false;
	}
	return true;
}

static int
write_failed(const struct compile *c)
{
	return userfile_fail(c->file, "unable to write %s.cdb: %s",
		c->file->name, strerror(errno));
}

static int
add_record(struct run *run, struct slice key, struct slice data)
{
	if (cdbwrite_add(run->cdb, key, data) == CDBWRITE_OK)
		return 0;
	return write_failed(run->c);
}

/* The line that has the login already; 0: none. */
static size_t
line_before(struct run *run, struct slice login, size_t number)
{
	if (!is_second(run))
		return 0;
	return seen_add(&run->seen, login, number);
}

static void
warn_if_unprepared(struct run *run, size_t line, struct slice login)
{
	char text[PREPARE_FAULT_MAX];
	struct buffer b = BUFFER_OVER(text);
	const char *wrong = prepare_login_fault(login, &b);

	if (wrong != NULL)
		warn(run, line, wrong);
}

static int
add_line(struct run *run, const struct userfile_line *line, size_t number)
{
	char stored[USERS_LOGIN_MAX], reason[64];
	struct buffer login = BUFFER_OVER(stored);
	struct slice key;
	const char *wrong = userfile_parse(line, &run->user);
	size_t before;

	if (wrong != NULL)
		return is_second(run) ? 0 : fault(run->c, number, wrong);
	userfile_add_login(&login, line->login);
	key = buffer_slice(&login);
	before = line_before(run, key, number);
	if (before != 0) {
		struct buffer b = BUFFER_OVER(reason);

		buffer_add_text(&b, "duplicate login, first on line ");
		buffer_add_number(&b, before);
		return fault(run->c, number, buffer_string(&b));
	}
	warn_if_unprepared(run, number, key);
	if (!census_add(run->census, &run->user))
		warn(run, number, "no secret of a known scheme: cannot log in");
	if (!shares_salts(&run->user))
		warn(run, number,
			"SCRAM secrets of one hash differ in salt or count: "
			"by SCRAM only the first is of use");
	return add_record(run, key, line->record);
}

static int
add_reserved(struct run *run)
{
	char mechs[USERS_MECHS_MAX], some[USERS_MECHS_MAX];
	char site[CENSUS_SITE_MAX], origin[ORIGIN_MAX];
	struct buffer b = BUFFER_OVER(mechs), s = BUFFER_OVER(site);
	struct buffer any = BUFFER_OVER(some), text = BUFFER_OVER(origin);
	struct slice key = {(const char *)run->c->key, sizeof run->c->key};
	int result;

	census_mechanisms(run->census, &b);
	census_some(run->census, &any);
	origin_record(&run->origin, &text);
	if (census_site(run->census, key, &s) != 0 || b.overflow || s.overflow)
		return userfile_fail(run->c->file,
			"unable to make the site "
			"record of %s.cdb",
			run->c->file->name);
	result = add_record(run, slice_of("#mechs"), buffer_slice(&b));
	if (result == 0)
		result = add_record(run, slice_of("#some"), buffer_slice(&any));
	if (result == 0)
		result =
			add_record(run, slice_of("#text"), buffer_slice(&text));
	if (result == 0)
		result = add_record(run, slice_of("#site"), buffer_slice(&s));
	explicit_bzero(site, sizeof site);
	return result;
}

static int
add_lines(struct run *run)
{
	struct userfile_cursor at = {.lets_go = true};
	struct userfile_line line;

	origin_start(&run->origin);
	while (userfile_next(run->c->text, &at, &line)) {
		origin_add(&run->origin, &line);
		if (line.login.data != NULL &&
			add_line(run, &line, at.line) != 0)
			return -1;
		progress_at(&run->progress, at.offset);
	}
	return add_reserved(run);
}

/* Once from the first line to the last. *twice: a login was there twice. */
static int
compile_once(struct run *run, int fd, int spill, bool *twice)
{
	const struct compile *c = run->c;
	int result = -1;

	*twice = false;
	*run->census = (struct census){0};
	if (ftruncate(fd, 0) != 0 || ftruncate(spill, 0) != 0 ||
		lseek(spill, 0, SEEK_SET) != 0 ||
		(run->cdb = cdbwrite_start(fd, spill)) == NULL)
		return write_failed(c);
	progress_start(&run->progress, "compiling", c->text.len);
	result = add_lines(run);
	progress_end(&run->progress);
	if (result == 0) {
		switch (cdbwrite_finish(run->cdb)) {
		case CDBWRITE_OK:
			break;
		case CDBWRITE_TWICE:
			*twice = true;
			result = userfile_fail(c->file,
				"%s: a login is there twice", c->file->name);
			break;
		case CDBWRITE_FAILED:
			result = write_failed(c);
		}
	}
	cdbwrite_end(run->cdb);
	return result;
}

int
compile_text(const struct compile *c, int fd, int spill, struct census *census)
{
	struct run run = {.c = c, .census = census};
	bool twice;
	int result = compile_once(&run, fd, spill, &twice);

	/* Rare, and only now worth the memory: which lines are they? */
	if (twice) {
		if (seen_open(&run.seen, userfile_lines(c->text, true)) == 0)
			result = compile_once(&run, fd, spill, &twice);
		else
			result = userfile_fail(c->file,
				"unable to compile %s: %s", c->file->name,
				strerror(errno));
		seen_close(&run.seen);
	}
	explicit_bzero(&run.user, sizeof run.user);
	return result;
}

/* The key of the cdb that is there now. */
static int
old_key(const struct userfile *f, unsigned char *key)
{
	int fd = path_open(f->cdb_path);
	struct site site;
	int result = -1;

	if (fd < 0)
		return -1;
	if (users_site(fd, &site) == USERS_FOUND) {
		memcpy(key, site.key, sizeof site.key);
		result = 0;
	}
	(void)close(fd); /* was only read */
	explicit_bzero(&site, sizeof site);
	return result;
}

static int
decode_key(struct slice text, unsigned char *key)
{
	char octets[BASE64_DECODED_MAX(48)];
	struct buffer b = BUFFER_OVER(octets);

	if (base64_decode(&b, text) != 0 || b.len != USERS_SITE_KEY_LEN)
		return -1;
	memcpy(key, octets, USERS_SITE_KEY_LEN);
	explicit_bzero(octets, sizeof octets);
	return 0;
}

bool
compile_is_key(const struct userfile_line *line)
{
	return line->login.data == NULL &&
	       slice_starts_nocase(line->text, KEY_MARK);
}

int
compile_key(struct compile *c, bool *add)
{
	struct userfile_cursor at = {.lets_go = true};
	struct userfile_line line;
	bool found = false;

	while (!found && userfile_next(c->text, &at, &line))
		found = compile_is_key(&line);
	*add = !found;
	if (found) {
		struct slice text = slice_from(line.text, strlen(KEY_MARK));

		if (decode_key(text, c->key) == 0)
			return 0;
		if (fault(c, at.line,
			    "smtpd-key is not the base64 of 32 "
			    "octets") != 0)
			return -1;
	}
	if (old_key(c->file, c->key) == 0 ||
		getrandom(c->key, sizeof c->key, 0) == sizeof c->key)
		return 0;
	return userfile_fail(
		c->file, "unable to make a key: %s", strerror(errno));
}

void
compile_key_line(struct buffer *out, const unsigned char *key)
{
	buffer_add_text(out, KEY_MARK);
	base64_encode(
		out, (struct slice){(const char *)key, USERS_SITE_KEY_LEN});
	buffer_add_char(out, '\n');
}
