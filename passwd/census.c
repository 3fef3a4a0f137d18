/* census - see census.h. Used by smtpd-passwd. */
#include "passwd/census.h"

#include <string.h>

#include "passwd/madeup.h"
#include "sasl/mechanism.h"
#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/words.h"

#define MEASURE_RUNS 3	      /* the longest counts */
#define MEASURE_ENOUGH 200000 /* microseconds, then one run is enough */

static bool
same_crypt_cost(struct slice a, struct slice b)
{
	struct slice before_a = {
		a.data, (size_t)(madeup_crypt_salt(a).data - a.data)};
	struct slice before_b = {
		b.data, (size_t)(madeup_crypt_salt(b).data - b.data)};

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

/* Microseconds that one failing check takes, at least 1. */
static uint64_t
measure(const struct secret *secret)
{
	uint64_t longest = 1;

	for (unsigned i = 0; i < MEASURE_RUNS; i++) {
		int64_t start = clock_us();

		(void)secret_check(secret, slice_of("0123456789abcdef"));
		uint64_t taken = (uint64_t)(clock_us() - start);

		if (taken > longest)
			longest = taken;
		if (longest > MEASURE_ENOUGH)
			break;
	}
	return longest;
}

/*
 * One user's password check: how often each class, how long in all. Secrets
 * that share what is derived from the password cost no more than one.
 */
static void
add_check(struct census *census, const struct user *user)
{
	const struct secret *last = NULL;
	uint64_t cost = 0;
	size_t tried = 0;

	for (size_t i = 0; i < user->secrets_count; i++) {
		const struct secret *secret = &user->secrets[i].secret;
		struct census_class *class;

		if (!mechanism_tries(user, i) ||
			(last != NULL && secret_shares_derived(secret, last)))
			continue;
		last = secret;
		tried++;
		class = find_class(census, secret);
		if (class == NULL) {
			census->mixed = true;
			continue;
		}
		if (class->microseconds == 0)
			class->microseconds = measure(secret);
		class->tried++;
		cost += class->microseconds;
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
		if (mechanism_holds(user, mechanisms[i]->kinds))
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
		struct census_class *class = find_class(census, secret);

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
	for (size_t i = 0; i < CENSUS_MECHS_MAX && mechanisms[i] != NULL; i++) {
		if (census->without[i] > 0 || mechanisms[i]->row->opt_in)
			continue;
		words_add(out, slice_of(mechanisms[i]->row->name));
	}
}

void
census_some(const struct census *census, struct buffer *out)
{
	for (size_t i = 0; i < CENSUS_MECHS_MAX && mechanisms[i] != NULL; i++) {
		if (census->without[i] == census->able)
			continue;
		words_add(out, slice_of(mechanisms[i]->row->name));
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
	return a == b || (a->kind == b->kind && a->kind != SECRET_CRYPT &&
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
	/* An eighth and a millisecond more, so that it takes no longer. */
	return (uint32_t)(census->costliest / 8 * 9 / 1000 + 2);
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

int
census_site(const struct census *census, struct slice key, struct buffer *out)
{
	size_t salt_len = commonest(census, salt_len_of, CENSUS_SALT_LEN);

	/* A made-up salt is one SHA-256: see struct site. */
	if (salt_len > SECRET_HASH_MAX)
		salt_len = SECRET_HASH_MAX;
	buffer_add_text(out, "1 ");
	base64_encode(out, key);
	buffer_add_char(out, ' ');
	buffer_add_number(
		out, commonest(census, iterations_of, CENSUS_ITERATIONS));
	buffer_add_char(out, ' ');
	buffer_add_number(out, salt_len);
	buffer_add_char(out, ' ');
	buffer_add_number(out, census_floor_ms(census));
	buffer_add_char(out, ' ');
	return madeup_secret(usual_class(census), key, out);
}
