/*
 * users - see users.h. Run by the authenticator; users_mechanisms() and
 * users_some() by main before it forks; all by smtpd-passwd and smtpd-check.
 */
#include "users/users.h"

#include <string.h>

#include "lib/base64.h"
#include "lib/cdbread.h"
#include "lib/date.h"

#define GECOS_FIELD 3 /* fields before it in the record: 2, 3 and 4 */
#define SECRET_WORD "smtp_secret_"
#define SENDER_WORD "smtp_sender="
#define EXPIRES_WORD "smtp_expires_"
#define EXPIRED 1 /* a date long past: for one that cannot be read */

/* ---------------------------------------------------------- one record --- */

bool
users_is_label(struct slice label)
{
	for (size_t i = 0; i < label.len; i++) {
		char c = label.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			    c == '-'))
			return false;
	}
	return label.len > 0 && label.len <= USERS_LABEL_MAX;
}

/* A secret that cannot be used is left out: it lets nobody in. */
static void
add_secret(struct user *user, struct slice label, struct slice text)
{
	struct user_secret *next = &user->secrets[user->secrets_count];

	if (user->secrets_count == USERS_SECRETS_MAX ||
		secret_parse(&next->secret, text) == -1 ||
		next->secret.kind == SECRET_UNKNOWN)
		return;
	next->label = label;
	next->expires = 0;
	user->secrets_count++;
}

/* Splits a word PREFIX LABEL=value; false when it is another one. */
static bool
take_word(struct slice word, const char *prefix, struct slice *label,
	struct slice *value)
{
	if (!slice_starts_nocase(word, prefix))
		return false;
	*value = slice_from(word, strlen(prefix));
	*label = slice_split(value, '=');
	return value->data != NULL && users_is_label(*label);
}

/* The earliest date counts, should there be two. */
static void
set_expiry(struct user *user, struct slice label, struct slice text)
{
	uint32_t date = EXPIRED;

	if (date_parse(text, &date) == -1)
		user->bad_expiry = true;
	for (size_t i = 0; i < user->secrets_count; i++) {
		struct user_secret *s = &user->secrets[i];

		if (slice_equal(s->label, label) &&
			(s->expires == 0 || s->expires > date))
			s->expires = date;
	}
}

/* The words of field 5; a secret may stand behind its date. */
static void
add_words(struct user *user, struct slice gecos)
{
	struct slice rest = gecos, label, value;

	while (rest.data != NULL)
		if (take_word(slice_split(&rest, ' '), SECRET_WORD, &label,
			    &value))
			add_secret(user, label, value);
	while (gecos.data != NULL)
		if (take_word(slice_split(&gecos, ' '), EXPIRES_WORD, &label,
			    &value))
			set_expiry(user, label, value);
}

bool
users_expired(const struct user_secret *secret, uint32_t today)
{
	return secret->expires != 0 && today >= secret->expires;
}

int
users_parse(struct user *user, struct slice record)
{
	struct slice none = {"", 0};

	if (record.len > sizeof user->record ||
		slice_find(record, '\n') != record.len ||
		slice_find(record, '\0') != record.len)
		return -1;
	user->disabled = false;
	user->bad_expiry = false;
	user->secrets_count = 0;
	if (record.len > 0)
		memmove(user->record, record.data, record.len);
	user->record_len = record.len;

	struct slice rest = {user->record, record.len};
	struct slice password = slice_split(&rest, ':');

	if (password.len > 0 && password.data[0] == '!') {
		user->disabled = true;
		password = slice_from(password, 1);
	}
	if (password.len > 0)
		add_secret(user, none, password);
	for (size_t field = 1; field < GECOS_FIELD; field++)
		(void)slice_split(&rest, ':');
	user->gecos = slice_split(&rest, ':');
	add_words(user, user->gecos);
	return 0;
}

void
users_level(struct user *user)
{
	static const char text[] =
		"{SCRAM-SHA-256}4096,AAAAAAAAAAAAAAAAAAAAAA==,"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=,"
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	struct user_secret spare = {.secret = {.kind = SECRET_UNKNOWN}};
	size_t done = 0;

	/* The others hold nothing to decode. */
	for (size_t i = 0; i < user->secrets_count; i++)
		done += user->secrets[i].secret.kind != SECRET_PLAIN &&
			user->secrets[i].secret.kind != SECRET_CRYPT;
	for (; done < USERS_SECRETS_MAX; done++) {
		struct user_secret *next = done < user->secrets_count
						   ? &spare
						   : &user->secrets[done];

		(void)secret_parse(&next->secret, slice_of(text));
	}
	explicit_bzero(user->secrets + user->secrets_count,
		(USERS_SECRETS_MAX - user->secrets_count) *
			sizeof *user->secrets);
}

void
users_forget(struct user *user)
{
	user->gecos = SLICE_NONE;
	explicit_bzero(user->record, user->record_len);
	/* Behind them there is nothing: add_secret(), users_level(). */
	explicit_bzero(
		user->secrets, user->secrets_count * sizeof *user->secrets);
	user->secrets_count = user->record_len = 0;
}

/* ------------------------------------------------------------ the file --- */

static enum cdbread_result
find_record(int fd, struct slice login, char *record, size_t *len)
{
	/* A reserved key is no login. */
	if (login.len == 0 || login.data[0] == '#')
		return CDBREAD_MISSING;
	return cdbread_find(fd, login, record, USERS_RECORD_MAX, len);
}

static enum users_result
take_record(enum cdbread_result found, struct slice record, struct user *user)
{
	switch (found) {
	case CDBREAD_FOUND:
		return users_parse(user, record) == 0 ? USERS_FOUND
						      : USERS_BROKEN;
	case CDBREAD_MISSING:
		return USERS_MISSING;
	default:
		return USERS_BROKEN;
	}
}

enum users_result
users_find(int fd, struct slice login, struct user *user)
{
	size_t len = 0;
	enum cdbread_result found = find_record(fd, login, user->record, &len);

	return take_record(found, (struct slice){user->record, len}, user);
}

enum users_result
users_find_either(int fd, struct slice login, struct user *user, size_t *len)
{
	char text[USERS_RECORD_MAX];
	struct slice record = {user->record, 0}, other = {text, 0};
	struct slice bare = {login.data, *len};
	enum cdbread_result found =
		find_record(fd, login, user->record, &record.len);
	enum cdbread_result found_bare =
		find_record(fd, bare, text, &other.len);

	*len = login.len;
	if (found == CDBREAD_MISSING && found_bare != CDBREAD_MISSING) {
		found = found_bare;
		record = other;
		*len = bare.len;
	}
	enum users_result result = take_record(found, record, user);

	if (found_bare == CDBREAD_FOUND)
		explicit_bzero(text, other.len);
	return result;
}

enum users_result
users_senders(int fd, struct slice login, struct user *user, struct buffer *out)
{
	enum users_result result = users_find(fd, login, user);
	struct slice words = user->gecos;

	while (result == USERS_FOUND && words.data != NULL) {
		struct slice word = slice_split(&words, ' ');

		if (!slice_starts_nocase(word, SENDER_WORD))
			continue;
		if (out->len > 0)
			buffer_add_char(out, ',');
		buffer_add_slice(out, slice_from(word, strlen(SENDER_WORD)));
	}
	return out->overflow ? USERS_BROKEN : result;
}

static int
parse_site(struct site *site, struct slice text)
{
	struct buffer key = BUFFER_OVER(site->key);
	struct slice version = slice_split(&text, ' ');
	struct slice key64 = slice_split(&text, ' ');
	struct slice iterations = slice_split(&text, ' ');
	struct slice salt_len = slice_split(&text, ' ');
	struct slice floor = slice_split(&text, ' ');
	uint64_t count, salt, ms;

	if (text.data == NULL || !slice_is(version, "1") ||
		base64_decode(&key, key64) == -1 ||
		key.len != sizeof site->key ||
		slice_number(iterations, &count) == -1 ||
		slice_number(salt_len, &salt) == -1 ||
		slice_number(floor, &ms) == -1)
		return -1;
	if (count < 1 || count > SECRET_ITERATIONS_MAX || salt < 1 ||
		salt > SECRET_HASH_MAX || ms > UINT32_MAX)
		return -1;
	site->scram_iterations = (uint32_t)count;
	site->scram_salt_len = (size_t)salt;
	site->floor_ms = (uint32_t)ms;
	return secret_parse(&site->usual, text);
}

enum users_result
users_site(int fd, struct site *site)
{
	size_t len;

	if (cdbread_find(fd, slice_of("#site"), site->memory,
		    sizeof site->memory, &len) != CDBREAD_FOUND ||
		parse_site(site, (struct slice){site->memory, len}) == -1)
		return USERS_BROKEN;
	return USERS_FOUND;
}

static enum users_result
read_names(int fd, const char *key, struct buffer *out)
{
	char text[USERS_MECHS_MAX];
	size_t len;

	if (cdbread_find(fd, slice_of(key), text, sizeof text, &len) !=
		CDBREAD_FOUND)
		return USERS_BROKEN;
	buffer_add(out, text, len);
	return out->overflow ? USERS_BROKEN : USERS_FOUND;
}

enum users_result
users_mechanisms(int fd, struct buffer *out)
{
	return read_names(fd, "#mechs", out);
}

enum users_result
users_some(int fd, struct buffer *out)
{
	return read_names(fd, "#some", out);
}
