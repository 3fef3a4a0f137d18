/*
 * sasl/external: the authorization id, and the names of a certificate, of
 * which the octets of each kind of name are any. certificate and chain have
 * drivers of their own.
 */
/* prove: lib/bytes.c lib/chain.c lib/buffer.c */
/* split: lib/chain.c|*der = (struct slice){chain->data|len */
/* bound: 3 */
#include "sasl/external.c"

#include "tests/prove/any_accept.h"
#include "tests/prove/input.h"

static struct slice any_name;

int
certificate_parse(struct certificate *c, struct slice der)
{
	*c = (struct certificate){.whole = der};
	(void)slice_find(der, '\0');
	return der.data != NULL && any_bool() ? 0 : -1;
}

bool
certificate_next(const struct certificate *c, enum certificate_name kind,
	struct certificate_cursor *at, struct slice *name)
{
	(void)c;
	(void)kind;
	at->started = true;
	if (any_bool())
		return false;
	*name = any_name;
	return true;
}

bool
certificate_is_for_client(const struct certificate *c)
{
	(void)c;
	return any_bool();
}

bool
clientca_vouches(const struct clientca *ca, struct slice chain)
{
	(void)ca;
	(void)slice_find(chain, '\0');
	return any_bool();
}

void
secret_digest(enum secret_kind kind, struct slice text, unsigned char *out)
{
	(void)kind;
	(void)slice_find(text, '\0');
	Frama_C_make_unknown((char *)out, SECRET_HASH_MAX);
}

int
mechanism_login(struct exchange *x, struct slice login)
{
	(void)slice_find(login, '\0');
	x->login_len = login.len;
	return any_bool() ? 0 : -1;
}

bool
mechanism_is_login(const struct exchange *x, struct slice login)
{
	(void)x;
	(void)slice_find(login, '\0');
	return any_bool();
}

/* As users/secret.c has it. */
bool
secret_is(const struct secret *secret, unsigned kinds)
{
	return (kinds & SECRET_BIT(secret->kind)) != 0;
}

int
mechanism_find_user(struct exchange *x, unsigned kinds, bool *real)
{
	struct user_secret *s = x->user.secrets;

	Frama_C_make_unknown((char *)&s->secret, sizeof s->secret);
	s->label = SLICE_NONE;
	s->secret.kind = any_bool() ? SECRET_CERT_SHA256 : SECRET_PLAIN;
	x->user.secrets_count = any_bool() ? 1 : 0;
	(void)kinds;
	*real = any_bool();
	return any_bool() ? 0 : -1;
}

bool
mechanism_holds(const struct user *user, unsigned kinds)
{
	(void)user;
	(void)kinds;
	return any_bool();
}

void
prove(void)
{
	STRONG(response);
	STRONG(chain);
	STRONG(name);
	static struct clientca ca;
	struct mechanism_facts facts = {
		.client_chain = chain, .clientca = any_bool() ? &ca : NULL};
	struct exchange x = {.facts = &facts};

	any_name = name;
	(void)external_step(&x, response);
	any_name = SLICE_NONE;
}
