/*
 * sasl/digest_md5: three directives of any names, each value of any octets and
 * this length; and a response whose fields are such, up to the verdict. What
 * is computed of them are sums of fixed lengths. directives has what takes the
 * message apart, digest_md5 the names of a server.
 */
/* prove: lib/buffer.c lib/bytes.c */
/* bound: 4 */
/* also: 8 32 64 */
#include "sasl/digest_md5.c"

#include "tests/prove/any_accept.h"
#include "tests/prove/input.h"

static struct slice any_value;
static unsigned come;

int
directives_next(struct slice *rest, struct buffer *text, struct slice *name,
	struct slice *value)
{
	(void)text;
	(void)rest;
	*name = *value = any_value;
	return come++ < 3 ? 1 : Frama_C_nondet(0, -1);
}

int
certificate_parse(struct certificate *c, struct slice der)
{
	(void)c;
	(void)der;
	return -1;
}

bool
secret_is(const struct secret *secret, unsigned kinds)
{
	return (kinds & SECRET_BIT(secret->kind)) != 0;
}

int
mechanism_find_user(struct exchange *x, unsigned kinds, bool *real)
{
	struct user_secret *s = &x->user.secrets[0];

	(void)kinds;
	Frama_C_make_unknown((char *)&s->secret, sizeof s->secret);
	s->label = SLICE_NONE;
	s->secret.kind = Frama_C_nondet(SECRET_DIGEST_MD5, SECRET_PLAIN);
	s->secret.text = any_value;
	x->user.secrets_count = 1;
	*real = any_bool();
	return any_bool() ? 0 : -1;
}

bool
mechanism_is_login(const struct exchange *x, struct slice login)
{
	(void)x;
	(void)slice_find(login, '\0');
	return any_bool();
}

void
md5_user(struct slice login, struct slice realm, struct slice password,
	unsigned char *out)
{
	(void)slice_find(login, '\0');
	(void)slice_find(realm, '\0');
	(void)slice_find(password, '\0');
	Frama_C_make_unknown((char *)out, MD5_LEN);
}

bool
md5_user_latin1(struct slice login, struct slice realm, struct slice password,
	unsigned char *out)
{
	md5_user(login, realm, password, out);
	return any_bool();
}

void
md5_response(const struct md5_digest *digest, const unsigned char *user,
	const char *method, char *digits)
{
	(void)slice_find(digest->nonce, '\0');
	(void)user[MD5_LEN - 1];
	(void)method;
	Frama_C_make_unknown(digits, MD5_HEX_LEN);
}

static void
fields(struct slice text)
{
	struct response r;

	come = 0;
	(void)take_fields(text, &r);
	come = 0;
	(void)parse_response(text, &r);
	come = 0;
}

static void
verdict(struct slice text)
{
	static const struct mechanism_facts facts = {.me = {"b.c", 3}};
	struct exchange x = {.facts = &facts};
	struct digest d;
	struct response r;

	Frama_C_make_unknown((char *)&d, sizeof d);
	Frama_C_make_unknown(r.given, sizeof r.given);
	for (size_t i = 0; i < FIELDS; i++)
		r.field[i] = text;
	x.challenge = (struct buffer){
		x.challenge_text, 0, sizeof x.challenge_text, false};
	(void)verify(&x, &d, &r);
}

void
prove(void)
{
	STRONG(text);

	any_value = text;
	fields(text);
	verdict(text);
	any_value = SLICE_NONE;
}
