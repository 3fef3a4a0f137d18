/*
 * users - see users.h. Run by the authenticator; users_mechanisms() also by
 * main, for the offer.
 */
#include "auth/users.h"

#include <string.h>

#include "lib/base64.h"
#include "lib/cdbread.h"

#define GECOS_FIELD 3 /* fields before it in the record: 2, 3 and 4 */
#define SECRET_WORD "smtp_secret_"

/* ---------------------------------------------------------- one record --- */

static bool
is_label(struct slice label)
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
	user->secrets_count++;
}

/* smtp_secret_LABEL=... words of field 5. */
static void
add_words(struct user *user, struct slice gecos)
{
	while (gecos.data != NULL) {
		struct slice word = slice_split(&gecos, ' ');

		if (!slice_starts_nocase(word, SECRET_WORD))
			continue;
		struct slice value = slice_from(word, strlen(SECRET_WORD));
		struct slice label = slice_split(&value, '=');

		if (value.data != NULL && is_label(label))
			add_secret(user, label, value);
	}
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
	add_words(user, slice_split(&rest, ':'));
	return 0;
}

void
users_forget(struct user *user)
{
	explicit_bzero(user->record, user->record_len);
	explicit_bzero(
		user->secrets, user->secrets_count * sizeof user->secrets[0]);
	user->secrets_count = user->record_len = 0;
}

/* ------------------------------------------------------------ the file --- */

enum users_result
users_find(int fd, struct slice login, struct user *user)
{
	size_t len;

	/* A reserved key is no login. */
	if (login.len == 0 || login.data[0] == '#')
		return USERS_MISSING;
	switch (cdbread_find(
		fd, login, user->record, sizeof user->record, &len)) {
	case CDBREAD_FOUND:
		return users_parse(user, (struct slice){user->record, len}) == 0
			       ? USERS_FOUND
			       : USERS_BROKEN;
	case CDBREAD_MISSING:
		return USERS_MISSING;
	default:
		return USERS_BROKEN;
	}
}

static int
parse_site(struct site *site, struct slice text)
{
	struct buffer key = {(char *)site->key, 0, sizeof site->key, false};
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
