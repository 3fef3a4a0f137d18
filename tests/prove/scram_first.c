/*
 * sasl/scram: the first message, of which each part has any octets and this
 * length; scram and plain have what takes it apart, secret what is stored.
 */
/* prove: lib/base64.c lib/buffer.c lib/bytes.c */
/* bound: 1 */
/* also: 257 1025 */
#include "sasl/scram.c"

#include "tests/prove/input.h"

static struct slice any_part;
static char flag;

int
scram_parse_first(struct slice message, struct scram_first *first)
{
	*first = (struct scram_first){.flag = flag};
	(void)slice_find(message, ',');
	if (flag == 'p')
		first->binding = slice_of("tls-server-end-point");
	if (flag != 'n')
		first->authzid = any_part;
	first->header = first->bare = first->name = first->nonce = any_part;
	return any_bool() ? 0 : -1;
}

int
scram_decode_name(struct slice text, struct buffer *out)
{
	buffer_add_slice(out, text);
	return out->overflow || out->len == 0 ? -1 : 0;
}

int
mechanism_login(struct exchange *x, struct slice login)
{
	(void)slice_find(login, '\0');
	if (login.len == 0 || login.len > sizeof x->login || any_bool())
		return -1;
	memcpy(x->login, login.data, login.len);
	x->login_len = x->name_len = login.len;
	return 0;
}

bool
mechanism_is_login(const struct exchange *x, struct slice login)
{
	(void)x;
	(void)slice_find(login, '\0');
	return any_bool();
}

enum users_result
mechanism_look_up(struct exchange *x)
{
	struct user_secret *s = &x->user.secrets[0];

	Frama_C_make_unknown((char *)&s->secret, sizeof s->secret);
	s->secret.kind = SECRET_SCRAM_SHA_256;
	s->secret.salt_len = Frama_C_unsigned_int_interval(0, SECRET_SALT_MAX);
	s->secret.iterations = 4096;
	x->user.secrets_count = 1;
	return any_bool() ? USERS_FOUND : USERS_MISSING;
}

enum users_result
users_site(int fd, struct site *site)
{
	(void)fd;
	Frama_C_make_unknown((char *)site, sizeof *site);
	site->scram_salt_len =
		prove_length < SECRET_HASH_MAX ? prove_length : SECRET_HASH_MAX;
	site->scram_iterations = 4096;
	return any_bool() ? USERS_FOUND : USERS_BROKEN;
}

void
users_level(struct user *user)
{
	(void)user;
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
	(void)slice_find(text, '\0');
	Frama_C_make_unknown((char *)out, SECRET_HASH_MAX);
}

static void
first(struct slice message, const struct authmech *row, char its_flag)
{
	struct mechanism mechanism = {.row = row};
	struct mechanism_facts facts = {.plus_offered = true};
	struct exchange x = {
		.mechanism = &mechanism, .facts = &facts, .state = WANT_FIRST};
	struct scram s;

	x.challenge = (struct buffer){
		x.challenge_text, 0, sizeof x.challenge_text, false};
	flag = its_flag;
	(void)first_message(&x, &s, message);
}

void
prove(void)
{
	static const struct authmech plain = {.name = "SCRAM-SHA-256"},
				     plus = {.name = "SCRAM-SHA-1-PLUS",
					     .wants = AUTHMECHS_BINDING};
	STRONG(message);

	any_part = message;
	first(message, &plain, 'n');
	first(message, &plain, 'y');
	first(message, &plus, 'p');
	any_part = SLICE_NONE;
}
