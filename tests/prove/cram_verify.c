/*
 * sasl/cram_md5: a response with its 32 digits, up to the verdict. What is
 * computed of it are sums of fixed lengths.
 */
/* prove: lib/hex.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value:-1 */
/* forget: lib/hex.c|if (high == -1 || low == -1)|text.data|text.len */
/* bound: 1 */
/* also: 32 33 34 40 */
#include "sasl/cram_md5.c"

#include "tests/prove/any_accept.h"
#include "tests/prove/any_login.h"
#include "tests/prove/input.h"

int64_t
clock_seconds(void)
{
	return Frama_C_interval(1000000000, 2147483647);
}

void
md5_contexts(struct slice password, unsigned char *contexts)
{
	(void)slice_find(password, '\0');
	Frama_C_make_unknown((char *)contexts, MD5_CONTEXTS_LEN);
}

void
md5_hmac(const unsigned char *contexts, struct slice text, unsigned char *out)
{
	(void)contexts[MD5_CONTEXTS_LEN - 1];
	(void)slice_find(text, '\0');
	Frama_C_make_unknown((char *)out, MD5_LEN);
}

bool
secret_is(const struct secret *secret, unsigned kinds)
{
	return (kinds & SECRET_BIT(secret->kind)) != 0;
}

/* Two secrets, or none. */
int
mechanism_find_user(struct exchange *x, unsigned kinds, bool *real)
{
	(void)kinds;
	for (size_t i = 0; i < 2; i++) {
		struct user_secret *s = &x->user.secrets[i];

		Frama_C_make_unknown((char *)&s->secret, sizeof s->secret);
		s->label = SLICE_NONE;
		s->secret.kind = i == 0 ? SECRET_CRAM_MD5 : SECRET_PLAIN;
		s->secret.text = slice_of("text");
	}
	x->user.secrets_count = any_bool() ? 2 : 0;
	*real = any_bool();
	return any_bool() ? 0 : -1;
}

enum exchange_result
mechanism_hand_over(struct exchange *x, struct slice secret, struct slice text)
{
	(void)x;
	(void)slice_find(secret, '\0');
	(void)slice_find(text, '\0');
	return EXCHANGE_COLLECTED;
}

static void
verdict(struct slice response, bool collect)
{
	static const struct mechanism_facts facts = {.me = {"mx.example", 10}};
	struct exchange x = {.facts = &facts, .collect = collect};

	x.challenge = (struct buffer){
		x.challenge_text, 0, sizeof x.challenge_text, false};
	(void)cram_step(&x, SLICE_NONE);
	(void)cram_step(&x, response);
}

void
prove(void)
{
	STRONG(response);

	verdict(response, false);
	verdict(response, true);
	free((char *)response.data);
}
