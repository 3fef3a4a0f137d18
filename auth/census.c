/* census - see census.h. Used by smtpd-passwd. */
#include "auth/census.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "auth/record.h"
#include "lib/base64.h"

#define MEASURE_RUNS 3 /* the longest counts */
#define MEASURE_ENOUGH 200000000 /* nanoseconds, then one run is enough */

/*
 * Where the salt of a crypt string stands, crypt(5): before it is what two
 * strings of the same cost share.
 */
static struct slice
crypt_salt(struct slice text)
{
	size_t last = slice_find_last(text, '$');
	size_t at = 0, end = 2; /* DES */

	if (slice_starts_nocase(text, "$2")) {
		at = 7;
		end = 7 + 22;
	} else if (slice_starts_nocase(text, "$7$")) {
		at = 3 + 11;
		end = last;
	} else if (slice_starts_nocase(text, "$")) {
		at = slice_find_last((struct slice){text.data, last}, '$') + 1;
		end = last;
	} else if (slice_starts_nocase(text, "_")) {
		at = 5;
		end = 9;
	}
	if (end > text.len)
		end = text.len;
	if (at > end)
		at = end;
	return (struct slice){text.data + at, end - at};
}

/* A crypt string that never matches, as in shadow(5). */
static bool
is_locked(const struct secret *secret)
{
	return secret->kind == SECRET_CRYPT &&
	       (secret->text.len == 0 || secret->text.data[0] == '*' ||
		       secret->text.data[0] == '!');
}

static bool
same_crypt_cost(struct slice a, struct slice b)
{
	struct slice before_a = {a.data, (size_t)(crypt_salt(a).data - a.data)};
	struct slice before_b = {b.data, (size_t)(crypt_salt(b).data - b.data)};

	return slice_equal(before_a, before_b);
}

static bool
alike(const struct census_class *class, const struct secret *secret)
{
	if (class->kind != secret->kind)
		return false;
	if (secret->kind == SECRET_PLAIN)
		return true;
	if (secret->kind == SECRET_CRYPT)
		return same_crypt_cost(
			(struct slice){class->text, class->text_len},
			secret->text);
	return class->iterations == secret->iterations &&
	       class->salt_len == secret->salt_len;
}

static struct census_class *
find_class(struct census *census, const struct secret *secret)
{
	struct census_class *class = census->classes;

	for (; class < census->classes + census->classes_count; class ++)
		if (alike(class, secret))
			return class;
	if (census->classes_count == CENSUS_CLASSES_MAX ||
		(secret->kind == SECRET_CRYPT &&
			secret->text.len > sizeof class->text))
		return NULL;
	*class = (struct census_class){.kind = secret->kind};
	if (secret->kind == SECRET_CRYPT) {
		memcpy(class->text, secret->text.data, secret->text.len);
		class->text_len = secret->text.len;
	} else if (secret->kind != SECRET_PLAIN) {
		class->iterations = secret->iterations;
		class->salt_len = secret->salt_len;
	}
	census->classes_count++;
	return class;
}

static uint64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail */
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Nanoseconds that one failing check takes, at least 1. */
static uint64_t
measure(const struct secret *secret)
{
	uint64_t longest = 1;

	for (unsigned i = 0; i < MEASURE_RUNS; i++) {
		uint64_t start = now(), taken;

		(void)secret_check(secret, slice_of("0123456789abcdef"));
		taken = now() - start;
		if (taken > longest)
			longest = taken;
		if (longest > MEASURE_ENOUGH)
			break;
	}
	return longest;
}

/*
 * Is it run by a password check? Another form of field 2's password is not,
 * unless field 2 is empty.
 */
static bool
is_tried(const struct user *user, const struct user_secret *s)
{
	if (s->secret.kind == SECRET_UNKNOWN || is_locked(&s->secret))
		return false;
	return !record_is_form(s->label) || user->secrets[0].label.len != 0;
}

/* One user's password check: how often each class, how long in all. */
static void
add_check(struct census *census, const struct user *user)
{
	uint64_t cost = 0;
	size_t tried = 0;

	for (size_t i = 0; i < user->secrets_count; i++) {
		const struct secret *secret = &user->secrets[i].secret;
		struct census_class *class;

		if (!is_tried(user, &user->secrets[i]))
			continue;
		tried++;
		class = find_class(census, secret);
		if (class == NULL) {
			census->mixed = true;
			continue;
		}
		if (class->nanoseconds == 0)
			class->nanoseconds = measure(secret);
		class->tried++;
		cost += class->nanoseconds;
	}
	if (tried != 1)
		census->mixed = true;
	if (cost > census->costliest)
		census->costliest = cost;
}

static bool
add_usable(struct census *census, const struct user *user)
{
	size_t cannot[CENSUS_MECHS_MAX] = {0};
	bool able = false;

	for (size_t i = 0; i < CENSUS_MECHS_MAX && mechanisms[i] != NULL; i++) {
		if (mechanisms[i]->usable(user))
			able = true;
		else
			cannot[i] = 1;
	}
	for (size_t i = 0; able && i < CENSUS_MECHS_MAX; i++)
		census->without[i] += cannot[i];
	return able;
}

bool
census_add(struct census *census, const struct user *user)
{
	census->users++;
	for (size_t i = 0; i < user->secrets_count; i++) {
		const struct secret *secret = &user->secrets[i].secret;
		struct census_class *class =
			secret->kind == SECRET_UNKNOWN || is_locked(secret)
				? NULL
				: find_class(census, secret);

		if (class != NULL)
			class->count++;
	}
	if (user->disabled) {
		census->disabled++;
		return true;
	}
	if (!add_usable(census, user))
		return false;
	census->able++;
	add_check(census, user);
	return true;
}

void
census_mechanisms(const struct census *census, struct buffer *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < CENSUS_MECHS_MAX && mechanisms[i] != NULL; i++) {
		if (census->without[i] > 0)
			continue;
		if (out->len > start)
			buffer_add_char(out, ' ');
		buffer_add_text(out, mechanisms[i]->name);
	}
}

/* The class most password checks run; NULL when there is none. */
static const struct census_class *
usual_class(const struct census *census)
{
	const struct census_class *usual = NULL;

	for (size_t i = 0; i < census->classes_count; i++) {
		const struct census_class *class = &census->classes[i];

		if (class->tried > (usual == NULL ? 0 : usual->tried))
			usual = class;
	}
	return usual;
}

/* Do two classes cost a password check the same? The salt's length doesn't. */
static bool
same_cost(const struct census_class *a, const struct census_class *b)
{
	return a == b ||
	       (a->kind == b->kind && a->kind != SECRET_CRYPT &&
		       a->kind != SECRET_PLAIN &&
		       a->iterations == b->iterations);
}

uint32_t
census_floor_ms(const struct census *census)
{
	const struct census_class *usual = usual_class(census);
	bool mixed = census->mixed;

	for (size_t i = 0; i < census->classes_count; i++)
		if (census->classes[i].tried > 0 &&
			!same_cost(&census->classes[i], usual))
			mixed = true;
	if (!mixed)
		return 0;
	return (uint32_t)((census->costliest + 999999) / 1000000);
}

/* The commonest value of what number() tells of the SCRAM classes. */
static size_t
commonest(const struct census *census,
	size_t (*number)(const struct census_class *), size_t fallback)
{
	const struct census_class *classes = census->classes;
	size_t result = fallback;
	uint64_t most = 0;

	for (size_t i = 0; i < census->classes_count; i++) {
		uint64_t sum = 0;

		if (number(&classes[i]) == 0)
			continue;
		for (size_t k = 0; k < census->classes_count; k++)
			if (number(&classes[k]) == number(&classes[i]))
				sum += classes[k].count;
		if (sum > most) {
			most = sum;
			result = number(&classes[i]);
		}
	}
	return result;
}

static size_t
iterations_of(const struct census_class *class)
{
	return class->iterations;
}

static size_t
salt_len_of(const struct census_class *class)
{
	return class->salt_len;
}

static int
random_octets(void *out, size_t len)
{
	return getrandom(out, len, 0) == (ssize_t)len ? 0 : -1;
}

/*
 * The same setting with another salt and the hash of nobody's password. A
 * salt's last octets carry fewer bits in some schemes, so they stay; where
 * crypt does not like the salt all the same, the old one will do.
 */
static int
made_up_crypt(const struct census_class *class, struct buffer *out)
{
	static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz";
	struct crypt_data *data = calloc(1, sizeof *data);
	char setting[CENSUS_TEXT_MAX + 1], password[33];
	unsigned char dice[CENSUS_TEXT_MAX];
	struct slice salt;
	const char *hash;

	if (data == NULL || random_octets(dice, sizeof dice) != 0 ||
		slice_string((struct slice){class->text, class->text_len},
			setting, sizeof setting) != 0) {
		free(data);
		return -1;
	}
	for (size_t i = 0; i < sizeof password - 1; i++)
		password[i] = alphabet[dice[i] & 63];
	password[sizeof password - 1] = '\0';
	salt = crypt_salt(slice_of(setting));
	for (size_t i = 0; salt.len > 4 && i < salt.len - 4; i++)
		setting[(size_t)(salt.data - setting) + i] =
			alphabet[dice[sizeof password + i] & 63];
	hash = crypt_rn(password, setting, data, (int)sizeof *data);
	if (hash == NULL || hash[0] == '*') {
		memcpy(setting, class->text, class->text_len);
		hash = crypt_rn(password, setting, data, (int)sizeof *data);
	}
	if (hash != NULL && hash[0] == '*')
		hash = NULL;
	if (hash != NULL)
		buffer_add_text(out, hash);
	free(data);
	return hash == NULL ? -1 : 0;
}

static int
made_up_plain(struct buffer *out)
{
	char octets[15];

	if (random_octets(octets, sizeof octets) != 0)
		return -1;
	buffer_add_text(out, "{PLAIN}");
	base64_encode(out, (struct slice){octets, sizeof octets});
	return 0;
}

static int
made_up_secret(const struct census_class *class, struct buffer *out)
{
	struct secret secret = {.kind = SECRET_SCRAM_SHA_256,
		.iterations = CENSUS_ITERATIONS,
		.salt_len = CENSUS_SALT_LEN};

	if (class != NULL && class->kind == SECRET_PLAIN)
		return made_up_plain(out);
	if (class != NULL && class->kind == SECRET_CRYPT) {
		if (made_up_crypt(class, out) == 0)
			return 0;
	} else if (class != NULL) {
		secret.kind = class->kind;
		secret.iterations = class->iterations;
		secret.salt_len = class->salt_len;
	}
	if (random_octets(secret.salt, sizeof secret.salt) != 0 ||
		random_octets(secret.stored_key, SECRET_HASH_MAX) != 0 ||
		random_octets(secret.server_key, SECRET_HASH_MAX) != 0)
		return -1;
	record_add_secret(out, &secret);
	return 0;
}

int
census_site(const struct census *census, struct slice key,
	struct buffer *out)
{
	buffer_add_text(out, "1 ");
	base64_encode(out, key);
	buffer_add_char(out, ' ');
	buffer_add_number(out,
		commonest(census, iterations_of, CENSUS_ITERATIONS));
	buffer_add_char(out, ' ');
	buffer_add_number(out,
		commonest(census, salt_len_of, CENSUS_SALT_LEN));
	buffer_add_char(out, ' ');
	buffer_add_number(out, census_floor_ms(census));
	buffer_add_char(out, ' ');
	return made_up_secret(usual_class(census), out);
}
