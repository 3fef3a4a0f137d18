/*
 * sasl/scram: the last message, of which each part has any octets and this
 * length, against what was kept of the first; up to the verdict. scram has
 * what takes it apart. What is computed from them are sums of fixed lengths.
 */
/* prove: lib/base64.c lib/buffer.c lib/bytes.c */
/* eva: -eva-split-return-function value_of:-1 */
/* bound: 1 */
/* also: 28 44 */
#include "sasl/scram.c"

#include "tests/prove/input.h"

static struct slice any_part, any_binding;

int
scram_parse_final(struct slice message, struct scram_final *final)
{
	(void)slice_find_last(message, ',');
	*final = (struct scram_final){.binding = any_binding,
		.nonce = any_part,
		.proof = any_part,
		.without_proof = message};
	return any_bool() ? 0 : -1;
}

size_t
secret_hash_len(enum secret_kind kind)
{
	return kind == SECRET_SCRAM_SHA_1 ? 20 : 32;
}

const struct nettle_hash *
secret_hash(enum secret_kind kind)
{
	(void)kind;
	return NULL;
}

void
secret_hmac(const struct nettle_hash *hash, struct slice key, struct slice text,
	unsigned char *out)
{
	(void)hash;
	(void)slice_find(key, '\0');
	(void)text;
	Frama_C_make_unknown((char *)out, SECRET_HASH_MAX);
}

void
secret_digest(enum secret_kind kind, struct slice text, unsigned char *out)
{
	(void)kind;
	(void)slice_find(text, '\0');
	Frama_C_make_unknown((char *)out, SECRET_HASH_MAX);
}

bool
secret_shares_derived(const struct secret *a, const struct secret *b)
{
	return a->kind == b->kind;
}

bool
users_expired(const struct user_secret *secret, uint32_t today)
{
	return secret->expires != 0 && today >= secret->expires;
}

/* One secret, of any octets. */
static void
any_secret(struct exchange *x, enum secret_kind kind)
{
	struct user_secret *s = &x->user.secrets[0];

	Frama_C_make_unknown((char *)&s->secret, sizeof s->secret);
	s->secret.kind = kind;
	s->expires = Frama_C_unsigned_int_interval(0, UINT32_MAX);
	s->label = slice_of("ab");
	x->user.secrets_count = 1;
}

static void
last(struct slice response, const struct authmech *row, enum secret_kind kind)
{
	static char binding[CERTIFICATE_BINDING_MAX];
	struct mechanism mechanism = {.row = row};
	struct mechanism_facts facts = {.binding = {binding, sizeof binding}};
	struct exchange x = {.mechanism = &mechanism, .facts = &facts};
	struct scram s = {.sent = {.kind = kind}, .real = true};

	x.challenge = (struct buffer){
		x.challenge_text, 0, sizeof x.challenge_text, false};
	any_secret(&x, kind);
	s.first_len = prove_length;
	s.header_len = prove_length < HEADER_MAX ? prove_length : HEADER_MAX;
	s.nonce_len = prove_length < FIRST_MAX - 2 ? prove_length : 2;
	s.nonce_at = 2;
	s.server_first_len = s.nonce_at + s.nonce_len;
	any_binding.len = BASE64_ENCODED_LEN(
		s.header_len +
		(row->wants & AUTHMECHS_BINDING ? sizeof binding : 0));
	any_binding.data = strong_octets(any_binding.len);
	(void)final_message(&x, &s, response);
	free((char *)any_binding.data);
	any_binding = SLICE_NONE;
}

void
prove(void)
{
	static const struct authmech plain = {.name = "SCRAM-SHA-256"},
				     plus = {.name = "SCRAM-SHA-1-PLUS",
					     .wants = AUTHMECHS_BINDING};
	STRONG(response);
	INPUT(part);

	any_part = part;
	last(response, &plain, SECRET_SCRAM_SHA_256);
	last(response, &plus, SECRET_SCRAM_SHA_1);
	any_part = SLICE_NONE;
}
