/* record - see record.h. Used by smtpd-passwd. */
#include "passwd/record.h"

#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "auth/mechanism.h"
#include "lib/base64.h"

#define GECOS 3	    /* field 5 of the line, counted from 0 after the login */
#define SALT_LEN 16 /* octets of a new salt */

#define WORD "smtp_secret_"

static const char *
scheme(enum secret_kind kind)
{
	return kind == SECRET_SCRAM_SHA_1 ? "{SCRAM-SHA-1}" : "{SCRAM-SHA-256}";
}

void
record_add_secret(struct buffer *out, const struct secret *secret)
{
	size_t len = secret_hash_len(secret->kind);

	buffer_add_text(out, scheme(secret->kind));
	buffer_add_number(out, secret->iterations);
	buffer_add_char(out, ',');
	base64_encode(out,
		(struct slice){(const char *)secret->salt, secret->salt_len});
	buffer_add_char(out, ',');
	base64_encode(
		out, (struct slice){(const char *)secret->stored_key, len});
	buffer_add_char(out, ',');
	base64_encode(
		out, (struct slice){(const char *)secret->server_key, len});
}

/*
 * Salt and count for a new secret: those of an app password of the same
 * hash, so that one SCRAM exchange can be tried against each of them.
 */
static int
choose_salt(struct secret *secret, const struct user *old)
{
	for (size_t i = 0; i < old->secrets_count; i++) {
		const struct user_secret *app = &old->secrets[i];

		if (app->secret.kind != secret->kind || app->label.len == 0 ||
			mechanism_is_companion(app->label))
			continue;
		secret->iterations = app->secret.iterations;
		secret->salt_len = app->secret.salt_len;
		memcpy(secret->salt, app->secret.salt, secret->salt_len);
		return 0;
	}
	secret->salt_len = SALT_LEN;
	return getrandom(secret->salt, SALT_LEN, 0) == SALT_LEN ? 0 : -1;
}

static int
add_password(struct buffer *out, enum secret_kind kind, const struct user *old,
	struct slice password, uint32_t *iterations)
{
	struct secret secret = {.kind = kind, .iterations = *iterations};

	if (choose_salt(&secret, old) != 0)
		return -1;
	secret_derive(&secret, password);
	record_add_secret(out, &secret);
	*iterations = secret.iterations;
	explicit_bzero(&secret, sizeof secret);
	return 0;
}

static bool
is_form_word(struct slice word)
{
	struct slice name = slice_split(&word, '=');

	return word.data != NULL && slice_starts_nocase(name, WORD) &&
	       mechanism_is_companion(slice_from(name, strlen(WORD)));
}

/* The words of field 5 but the password's other forms; true if any stay. */
static bool
add_gecos(struct buffer *out, struct slice gecos)
{
	bool any = false;

	if (gecos.len == 0)
		return false;
	while (gecos.data != NULL) {
		struct slice word = slice_split(&gecos, ' ');

		if (is_form_word(word))
			continue;
		if (any)
			buffer_add_char(out, ' ');
		buffer_add_slice(out, word);
		any = true;
	}
	return any;
}

int
record_set_password(struct buffer *out, struct slice old, struct slice password,
	uint32_t *iterations)
{
	struct user user;
	struct slice rest = old.data == NULL ? slice_of("::::::") : old;
	uint32_t second = *iterations;
	int result = 0;

	if (old.data == NULL || users_parse(&user, old) != 0)
		user.secrets_count = 0;
	for (size_t i = 0; i <= GECOS || rest.data != NULL; i++) {
		struct slice field = rest.data == NULL
					     ? slice_of("")
					     : slice_split(&rest, ':');

		if (i > 0)
			buffer_add_char(out, ':');
		if (i == 0) {
			result |= add_password(out, SECRET_SCRAM_SHA_256, &user,
				password, iterations);
		} else if (i == GECOS) {
			if (add_gecos(out, field))
				buffer_add_char(out, ' ');
			buffer_add_text(out, WORD "scram-sha-1=");
			result |= add_password(out, SECRET_SCRAM_SHA_1, &user,
				password, &second);
		} else
			buffer_add_slice(out, field);
	}
	explicit_bzero(&user, sizeof user);
	return result;
}
