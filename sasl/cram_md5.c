/*
 * cram_md5 - the mechanism CRAM-MD5, RFC 2195: the server speaks first. Run by
 * the authenticator.
 *
 *   challenge  <random.time@me>
 *   response   login, a blank, HMAC-MD5(password, challenge) in hexadecimal
 */
#include <assert.h>
#include <string.h>

#include "users/md5.h"
#include "sasl/mechanism.h"
#include "lib/clock.h"
#include "lib/hex.h"

#define KINDS (SECRET_BIT(SECRET_CRAM_MD5) | SECRET_BIT(SECRET_PLAIN))
#define RANDOM_OCTETS 16

/* What is kept between the steps, in x->memory. */
struct cram {
	char challenge[EXCHANGE_CHALLENGE_MAX];
	size_t challenge_len;
};

static_assert(sizeof(struct cram) <= sizeof(((struct exchange *)0)->memory),
	"the exchange's memory is too small");

/* As RFC 2195 §2 has it, but that nobody can guess it. */
static enum exchange_result
challenge(struct exchange *x, struct cram *cram)
{
	struct buffer *out = &x->challenge;

	buffer_add_char(out, '<');
	hex_encode(out, (struct slice){(const char *)x->random, RANDOM_OCTETS});
	buffer_add_char(out, '.');
	buffer_add_number(out, (uint64_t)clock_seconds());
	buffer_add_char(out, '@');
	buffer_add_slice(out, x->facts->me);
	buffer_add_char(out, '>');
	memcpy(cram->challenge, out->data, out->len);
	cram->challenge_len = out->len;
	x->state = 1;
	return EXCHANGE_CHALLENGE;
}

static bool
fits(const struct secret *secret, struct slice text, const unsigned char *given)
{
	unsigned char contexts[MD5_CONTEXTS_LEN], expected[MD5_LEN];

	/* For either kind, so that they take the same time. */
	md5_contexts(secret->text, contexts);
	if (secret->kind != SECRET_PLAIN)
		memcpy(contexts, secret->octets, sizeof contexts);
	md5_hmac(contexts, text, expected);
	explicit_bzero(contexts, sizeof contexts);
	bool same = bytes_equal_constant_time(expected, given, MD5_LEN);

	explicit_bzero(expected, sizeof expected);
	return same;
}

static enum exchange_result
verify(struct exchange *x, const struct cram *cram, const unsigned char *given)
{
	static const struct secret nobody = {.kind = SECRET_CRAM_MD5};
	struct slice text = {cram->challenge, cram->challenge_len};
	const struct user_secret *found = NULL;
	bool real;

	if (mechanism_find_user(x, KINDS, &real) == -1)
		return EXCHANGE_TEMPORARY;
	/* The same work for one secret, thirty or no user. */
	for (size_t i = 0; i < USERS_SECRETS_MAX; i++) {
		const struct user_secret *s = &x->user.secrets[i];
		bool tried = real && i < x->user.secrets_count &&
			     secret_is(&s->secret, KINDS);

		if (fits(tried ? &s->secret : &nobody, text, given) && tried)
			found = s;
	}
	enum exchange_result result =
		found == NULL ? EXCHANGE_FAIL
			      : mechanism_accept(x, found->label);

	explicit_bzero(&x->user, sizeof x->user);
	return result;
}

static enum exchange_result
cram_step(struct exchange *x, struct slice response)
{
	struct cram *cram = (struct cram *)(void *)x->memory;
	unsigned char given[MD5_LEN];
	struct buffer digest = BUFFER_OVER(given);

	if (x->state == 0)
		return response.data == NULL ? challenge(x, cram)
					     : EXCHANGE_MALFORMED;
	/* A login may hold blanks, the digits do not. */
	size_t at = slice_find_last(response, ' ');

	if (at == response.len ||
		hex_decode(&digest, slice_from(response, at + 1)) == -1 ||
		digest.len != MD5_LEN ||
		mechanism_login(x, (struct slice){response.data, at}) == -1)
		return EXCHANGE_MALFORMED;
	if (x->collect)
		return mechanism_hand_over(x, slice_from(response, at + 1),
			(struct slice){cram->challenge, cram->challenge_len});
	return verify(x, cram, given);
}

const struct mechanism mechanism_cram_md5 = {
	MECHANISM_ROW(cram_md5), cram_step, KINDS};
