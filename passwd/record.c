/* record - see record.h. Used by smtpd-passwd. */
#include "passwd/record.h"

#include <string.h>
#include <sys/random.h>

#include "passwd/weaker.h"
#include "users/md5.h"
#include "sasl/mechanism.h"
#include "lib/base64.h"

#define GECOS 3	    /* field 5 of the line, counted from 0 after the login */
#define SALT_LEN 16 /* octets of a new salt */

#define OURS "smtp_"
#define SECRET_WORD "smtp_secret_"
#define EXPIRES_WORD "smtp_expires_"
#define SENDER_WORD "smtp_sender"

/* --------------------------------------------------- words and fields --- */

/* What becomes of a line. */
struct change {
	struct slice field2; /* absent: as it is */
	/* Which words of field 5 go, by what stands before "=". */
	bool (*drop)(struct slice name, struct slice label);
	struct slice label; /* handed to drop */
	struct slice add;   /* words for the end of field 5, or empty */
};

/* PREFIX LABEL: hands back the label, absent when it is another word. */
static struct slice
label_of(struct slice name, const char *prefix)
{
	if (!slice_starts_nocase(name, prefix))
		return SLICE_NONE;
	return slice_from(name, strlen(prefix));
}

static bool
drop_date(struct slice name, struct slice label)
{
	struct slice date = label_of(name, EXPIRES_WORD);

	return date.data != NULL && slice_equal(date, label);
}

static bool
drop_label(struct slice name, struct slice label)
{
	struct slice secret = label_of(name, SECRET_WORD);

	return drop_date(name, label) ||
	       (secret.data != NULL && slice_equal(secret, label));
}

/* The other forms of the login's own password. */
static bool
drop_companions(struct slice name, struct slice label)
{
	struct slice secret = label_of(name, SECRET_WORD);
	struct slice date = label_of(name, EXPIRES_WORD);

	(void)label;
	return (secret.data != NULL && mechanism_is_companion(secret)) ||
	       (date.data != NULL && mechanism_is_companion(date));
}

static bool
drop_sender(struct slice name, struct slice label)
{
	(void)label;
	return slice_is_nocase(name, SENDER_WORD);
}

static bool
drop_ours(struct slice name, struct slice label)
{
	(void)label;
	return slice_starts_nocase(name, OURS);
}

static void
change_words(struct buffer *out, struct slice gecos, const struct change *c)
{
	bool any = false;

	if (gecos.len == 0)
		gecos.data = NULL;
	while (gecos.data != NULL) {
		struct slice word = slice_split(&gecos, ' ');
		struct slice rest = word;

		if (c->drop(slice_split(&rest, '='), c->label))
			continue;
		if (any)
			buffer_add_char(out, ' ');
		buffer_add_slice(out, word);
		any = true;
	}
	if (any && c->add.len > 0)
		buffer_add_char(out, ' ');
	buffer_add_slice(out, c->add);
}

/* A line keeps its fields; it gets those that it lacks up to field 5. */
static void
change_record(struct buffer *out, struct slice old, const struct change *c)
{
	bool needs_gecos = c->add.len > 0;
	struct slice rest = old;

	for (size_t i = 0; rest.data != NULL || (needs_gecos && i <= GECOS);
		i++) {
		struct slice field = rest.data == NULL
					     ? slice_of("")
					     : slice_split(&rest, ':');

		if (i > 0)
			buffer_add_char(out, ':');
		if (i == 0 && c->field2.data != NULL)
			buffer_add_slice(out, c->field2);
		else if (i == GECOS)
			change_words(out, field, c);
		else
			buffer_add_slice(out, field);
	}
}

void
record_drop_label(struct buffer *out, struct slice old, struct slice label)
{
	struct change c = {.drop = drop_label, .label = label};

	change_record(out, old, &c);
}

void
record_without_ours(struct buffer *out, struct slice old)
{
	struct change c = {.drop = drop_ours};

	change_record(out, old, &c);
}

void
record_expire(struct buffer *out, struct slice old, struct slice label,
	struct slice date)
{
	char text[USERS_LABEL_MAX + 32];
	struct buffer word = BUFFER_OVER(text);
	struct change c = {.drop = drop_date, .label = label};

	if (date.data != NULL) {
		buffer_add_text(&word, EXPIRES_WORD);
		buffer_add_slice(&word, label);
		buffer_add_char(&word, '=');
		buffer_add_slice(&word, date);
	}
	c.add = buffer_slice(&word);
	change_record(out, old, &c);
}

void
record_set_sender(struct buffer *out, struct slice old, struct slice senders)
{
	char text[USERS_RECORD_MAX];
	struct buffer word = BUFFER_OVER(text);
	struct change c = {.drop = drop_sender};

	if (senders.data != NULL) {
		buffer_add_text(&word, SENDER_WORD "=");
		buffer_add_slice(&word, senders);
	}
	out->overflow |= word.overflow;
	c.add = buffer_slice(&word);
	change_record(out, old, &c);
}

struct slice
record_sender(struct slice record)
{
	struct slice gecos = SLICE_NONE;

	for (size_t i = 0; i <= GECOS && record.data != NULL; i++) {
		struct slice field = slice_split(&record, ':');

		if (i == GECOS)
			gecos = field;
	}
	while (gecos.data != NULL) {
		struct slice word = slice_split(&gecos, ' ');
		struct slice name = slice_split(&word, '=');

		if (word.data != NULL && drop_sender(name, word))
			return word;
	}
	return gecos;
}

void
record_set_disabled(struct buffer *out, struct slice old, bool disabled)
{
	while (old.len > 0 && old.data[0] == '!')
		old = slice_from(old, 1);
	if (disabled)
		buffer_add_char(out, '!');
	buffer_add_slice(out, old);
}

/* ------------------------------------------------------------- secrets --- */

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

/* Does the password that is set take the place of the one of that label? */
static bool
is_replaced(const struct record_password *p, struct slice label)
{
	if (p->label.len > 0)
		return slice_equal(p->label, label);
	return label.len == 0 || mechanism_is_companion(label);
}

/*
 * Salt and count for a new secret: those of one of the same hash that stays,
 * so that one SCRAM exchange can be tried against each of them.
 */
static int
choose_salt(struct secret *secret, const struct user *old,
	const struct record_password *p)
{
	for (size_t i = 0; i < old->secrets_count; i++) {
		const struct user_secret *stays = &old->secrets[i];

		if (stays->secret.kind != secret->kind ||
			is_replaced(p, stays->label))
			continue;
		secret->iterations = stays->secret.iterations;
		secret->salt_len = stays->secret.salt_len;
		memcpy(secret->salt, stays->secret.salt, secret->salt_len);
		return 0;
	}
	secret->salt_len = SALT_LEN;
	return getrandom(secret->salt, SALT_LEN, 0) == SALT_LEN ? 0 : -1;
}

/* Appends the secret of one hash; tells the count that it got. */
static int
add_scram(struct buffer *out, enum secret_kind kind, const struct user *old,
	const struct record_password *p, uint32_t *iterations)
{
	struct secret secret = {.kind = kind, .iterations = p->iterations};

	if (choose_salt(&secret, old, p) != 0)
		return -1;
	secret_derive(&secret, p->password);
	record_add_secret(out, &secret);
	*iterations = secret.iterations;
	explicit_bzero(&secret, sizeof secret);
	return 0;
}

/* "smtp_secret_LABEL=", of the form's own label for the login's password. */
static void
add_word(struct buffer *out, const struct record_password *p, const char *form)
{
	if (out->len > 0)
		buffer_add_char(out, ' ');
	buffer_add_text(out, SECRET_WORD);
	if (p->label.len > 0)
		buffer_add_slice(out, p->label);
	else
		buffer_add_text(out, form);
	buffer_add_char(out, '=');
}

/* Some clients hash UTF-8, some ISO 8859-1 where they can. */
static void
add_digests(struct buffer *out, const struct record_password *p)
{
	unsigned char digest[MD5_LEN];

	md5_user(p->login, p->realm, p->password, digest);
	add_word(out, p, "digest-md5");
	weaker_digest_md5(out, p->realm, digest);
	if (md5_user_latin1(p->login, p->realm, p->password, digest)) {
		add_word(out, p, "digest-md5-latin1");
		weaker_digest_md5(out, p->realm, digest);
	}
	explicit_bzero(digest, sizeof digest);
}

/* The words of field 5 that hold the password. */
static int
add_words(struct buffer *out, const struct user *old,
	const struct record_password *p)
{
	uint32_t ignored;

	add_word(out, p, "scram-sha-1");
	if (add_scram(out, SECRET_SCRAM_SHA_1, old, p, &ignored) != 0)
		return -1;
	if (p->weaker & RECORD_CRAM_MD5) {
		add_word(out, p, "cram-md5");
		weaker_cram_md5(out, p->password);
	}
	if (p->weaker & RECORD_DIGEST_MD5)
		add_digests(out, p);
	return 0;
}

int
record_set_password(
	struct buffer *out, struct slice old, struct record_password *p)
{
	char first[USERS_RECORD_MAX], further[USERS_RECORD_MAX];
	struct buffer field2 = BUFFER_OVER(first), words = BUFFER_OVER(further);
	bool own = p->label.len == 0;
	struct change c = {
		.drop = own ? drop_companions : drop_label, .label = p->label};
	struct user user;
	uint32_t iterations = p->iterations;
	int result;

	if (old.data == NULL || users_parse(&user, old) != 0)
		user.secrets_count = 0;
	if (old.data == NULL)
		old = slice_of("::::::");
	if (!own)
		add_word(&words, p, NULL);
	result = add_scram(own ? &field2 : &words, SECRET_SCRAM_SHA_256, &user,
		p, &iterations);
	if (result == 0)
		result = add_words(&words, &user, p);
	p->iterations = iterations;
	out->overflow |= field2.overflow || words.overflow;
	c.add = buffer_slice(&words);
	c.field2 = own ? buffer_slice(&field2) : c.field2;
	change_record(out, old, &c);
	explicit_bzero(first, sizeof first);
	explicit_bzero(further, sizeof further);
	explicit_bzero(&user, sizeof user);
	return result;
}
