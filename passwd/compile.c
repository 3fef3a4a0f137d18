/* compile - see compile.h. Used by smtpd-passwd. */
#include "passwd/compile.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/base64.h"

#define KEY_MARK "# smtpd-key "

/* One login that was seen, by its place in the text. */
struct seen {
	const char *login; /* up to the colon; NULL: a free slot */
	uint32_t hash;
	uint32_t line; /* number, saturated: for a message */
};

/* Open addressing, made for all lines at once: never more than half full. */
struct seen_table {
	struct seen *slots;
	size_t mask;
	br_md5_context keyed; /* so that nobody can pick logins that collide */
};

struct run {
	const struct compile *c;
	struct cdb_make make;
	struct seen_table seen;
	struct census *census;
	struct user user;
};

/* "FILE:LINE: reason", as a warning when lenient, else as the failure. */
static int
fault(const struct compile *c, size_t line, const char *reason)
{
	(void)userfile_fail(c->file, "%s:%zu: %s", c->file->name, line, reason);
	if (!c->lenient)
		return -1;
	c->file->warn(c->file->message);
	return 0;
}

static int
seen_open(struct seen_table *seen, struct slice text)
{
	unsigned char key[16];
	struct userfile_cursor at = {0};
	struct userfile_line line;
	size_t slots = 16;

	while (userfile_next(text, &at, &line))
		;
	while (slots / 2 <= at.line)
		slots *= 2;
	seen->mask = slots - 1;
	seen->slots = calloc(slots, sizeof *seen->slots);
	if (seen->slots == NULL || getrandom(key, sizeof key, 0) != 16)
		return -1;
	br_md5_init(&seen->keyed);
	br_md5_update(&seen->keyed, key, sizeof key);
	return 0;
}

/* Adds a login (lower case in folded); the number of its line if known. */
static size_t
seen_add(struct seen_table *seen, struct slice login, const char *folded,
	size_t number)
{
	br_md5_context md5 = seen->keyed;
	unsigned char digest[br_md5_SIZE];
	uint32_t hash;
	uint64_t at;

	br_md5_update(&md5, folded, login.len);
	br_md5_out(&md5, digest);
	memcpy(&hash, digest, sizeof hash);
	memcpy(&at, digest + sizeof hash, sizeof at);
	for (;; at++) {
		struct seen *slot = &seen->slots[at & seen->mask];

		if (slot->login == NULL) {
			*slot = (struct seen){login.data, hash,
				number > UINT32_MAX ? UINT32_MAX
						    : (uint32_t)number};
			return 0;
		}
		/* The colon after it was found when its line was taken. */
		if (slot->hash == hash &&
			slice_equal_nocase(
				(struct slice){slot->login, login.len},
				login) &&
			slot->login[login.len] == ':')
			return slot->line;
	}
}

static int
add_record(struct run *run, struct slice key, struct slice data)
{
	if (cdb_make_add(&run->make, key.data, (unsigned)key.len, data.data,
		    (unsigned)data.len) == 0)
		return 0;
	return userfile_fail(run->c->file, "unable to write %s.cdb: %s",
		run->c->file->name, strerror(errno));
}

static int
add_line(struct run *run, const struct userfile_line *line, size_t number)
{
	char folded[USERS_LOGIN_MAX], reason[64];
	struct slice key = {folded, line->login.len};
	const char *wrong = userfile_line_fault(line);
	size_t before;

	if (wrong == NULL && users_parse(&run->user, line->record) != 0)
		wrong = "malformed fields";
	if (wrong != NULL)
		return fault(run->c, number, wrong);
	for (size_t i = 0; i < key.len; i++)
		folded[i] = bytes_lower(line->login.data[i]);
	before = seen_add(&run->seen, line->login, folded, number);
	if (before != 0) {
		struct buffer b = BUFFER_OVER(reason);

		buffer_add_text(&b, "duplicate login, first on line ");
		buffer_add_number(&b, before);
		return fault(run->c, number, buffer_string(&b));
	}
	if (!census_add(run->census, &run->user)) {
		(void)userfile_fail(run->c->file,
			"%s:%zu: no secret of a "
			"known scheme: cannot log in",
			run->c->file->name, number);
		run->c->file->warn(run->c->file->message);
	}
	return add_record(run, key, line->record);
}

static int
add_reserved(struct run *run)
{
	char mechs[USERS_MECHS_MAX], some[USERS_MECHS_MAX];
	char site[CENSUS_SITE_MAX];
	struct buffer b = BUFFER_OVER(mechs), s = BUFFER_OVER(site);
	struct buffer any = BUFFER_OVER(some);
	struct slice key = {(const char *)run->c->key, sizeof run->c->key};
	int result;

	census_mechanisms(run->census, &b);
	census_some(run->census, &any);
	if (census_site(run->census, key, &s) != 0 || b.overflow || s.overflow)
		return userfile_fail(run->c->file,
			"unable to make the site "
			"record of %s.cdb",
			run->c->file->name);
	result = add_record(run, slice_of("#mechs"), buffer_slice(&b));
	if (result == 0)
		result = add_record(run, slice_of("#some"), buffer_slice(&any));
	if (result == 0)
		result = add_record(run, slice_of("#site"), buffer_slice(&s));
	explicit_bzero(site, sizeof site);
	return result;
}

static int
add_lines(struct run *run)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;

	while (userfile_next(run->c->text, &at, &line))
		if (line.login.data != NULL &&
			add_line(run, &line, at.line) != 0)
			return -1;
	return add_reserved(run);
}

int
compile_text(const struct compile *c, int fd, struct census *census)
{
	struct run run = {.c = c, .census = census};
	int result = -1;

	*census = (struct census){0};
	if (seen_open(&run.seen, c->text) != 0) {
		free(run.seen.slots);
		return userfile_fail(c->file, "unable to compile %s: %s",
			c->file->name, strerror(errno));
	}
	if (cdb_make_start(&run.make, fd) != 0)
		(void)userfile_fail(c->file, "unable to write %s.cdb: %s",
			c->file->name, strerror(errno));
	else if ((result = add_lines(&run)) != 0)
		(void)cdb_make_finish(&run.make); /* frees what it holds */
	else if (cdb_make_finish(&run.make) != 0)
		result = userfile_fail(c->file, "unable to write %s.cdb: %s",
			c->file->name, strerror(errno));
	free(run.seen.slots);
	explicit_bzero(&run.user, sizeof run.user);
	return result;
}

/* The key of the cdb that is there now. */
static int
old_key(const struct userfile *f, unsigned char *key)
{
	int fd = open(f->cdb_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
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

int
compile_key(struct compile *c, bool *add)
{
	struct userfile_cursor at = {0};
	struct userfile_line line;
	bool found = false;

	while (!found && userfile_next(c->text, &at, &line))
		found = line.login.data == NULL && line.text.len > 0 &&
			slice_starts_nocase(line.text, KEY_MARK);
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
