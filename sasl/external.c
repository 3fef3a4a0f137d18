/*
 * external - the mechanism EXTERNAL, RFC 4422 appendix A: the client is who
 * its TLS certificate says. Run by the authenticator.
 *
 * A user may log in by a certificate whose fingerprint stands in the user's
 * line ({CERT-SHA256}), whatever its names and dates; or by one that an
 * authority of clientca.pem vouches for, if it names the login: in
 * subjectAltName (rfc822Name); where that has none, in emailAddress of the
 * subject; where that has none, in commonName. Where the launcher does TLS, the
 * fingerprint is all that we have, and the client must name its login.
 */
#include <string.h>

#include "lib/certificate.h"
#include "lib/chain.h"
#include "sasl/mechanism.h"

#define KINDS SECRET_BIT(SECRET_CERT_SHA256)

/* The kind of name that counts, for want of a better one the last. */
static enum certificate_name
naming(const struct certificate *c)
{
	static const enum certificate_name kinds[] = {
		CERTIFICATE_ALT_EMAIL, CERTIFICATE_EMAIL};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct certificate_cursor at = {.started = false};
		struct slice name;

		if (certificate_next(c, kinds[i], &at, &name))
			return kinds[i];
	}
	return CERTIFICATE_COMMON;
}

/* Without an authorization id, the one name that the certificate has. */
static int
take_name(struct exchange *x, const struct certificate *c)
{
	enum certificate_name kind = naming(c);
	struct certificate_cursor at = {.started = false};
	struct slice name, other;

	if (!certificate_next(c, kind, &at, &name) ||
		certificate_next(c, kind, &at, &other))
		return -1;
	return mechanism_login(x, name);
}

/* Is the login among its names? */
static bool
names_login(const struct exchange *x, const struct certificate *c)
{
	struct certificate_cursor at = {.started = false};
	enum certificate_name kind = naming(c);
	struct slice name;
	bool found = false;

	while (!found && certificate_next(c, kind, &at, &name))
		found = mechanism_is_login(x, name);
	return found;
}

/* What is known of the client's certificate. */
struct shown {
	bool whole; /* all of it; else its fingerprint, from the launcher */
	struct certificate certificate;
	unsigned char fingerprint[SECRET_HASH_MAX];
};

/* Neither is: -1. */
static int
look(const struct exchange *x, struct shown *shown)
{
	struct slice hash = x->facts->client_hash;

	shown->whole = hash.len == 0;
	if (!shown->whole) {
		memcpy(shown->fingerprint, hash.data, hash.len);
		return 0;
	}
	if (certificate_parse(&shown->certificate,
		    chain_first(x->facts->client_chain)) == -1)
		return -1;
	secret_digest(SECRET_SCRAM_SHA_256, shown->certificate.whole,
		shown->fingerprint);
	return 0;
}

/* The secret that holds the certificate's fingerprint; NULL without one. */
static const struct user_secret *
find_pinned(const struct exchange *x, const struct shown *shown)
{
	const struct user_secret *found = NULL;

	for (size_t i = 0; i < x->user.secrets_count; i++) {
		const struct user_secret *s = &x->user.secrets[i];

		if (secret_is(&s->secret, KINDS) &&
			memcmp(s->secret.octets, shown->fingerprint,
				sizeof shown->fingerprint) == 0)
			found = s;
	}
	return found;
}

static enum exchange_result
verify(struct exchange *x, const struct shown *shown)
{
	const struct certificate *c = &shown->certificate;
	const struct clientca *ca = x->facts->clientca;
	const struct user_secret *pinned = NULL;
	bool real;

	if (mechanism_find_user(x, 0, &real) == -1)
		return EXCHANGE_TEMPORARY;
	/* The same work for whoever is named. */
	bool vouched = shown->whole && names_login(x, c) &&
		       certificate_is_for_client(c);

	if (ca != NULL)
		vouched =
			clientca_vouches(ca, x->facts->client_chain) && vouched;
	pinned = find_pinned(x, shown);
	if (real) {
		x->reason = mechanism_holds(&x->user, KINDS) || vouched
				    ? "certificate"
				    : "no-secret";
	}
	enum exchange_result result = EXCHANGE_FAIL;

	if (real && pinned != NULL)
		result = mechanism_accept(x, pinned->label);
	else if (real && ca != NULL && vouched)
		result = mechanism_accept(x, (struct slice){"", 0});
	else if (ca != NULL && ca->reason != NULL) {
		/* Whether it would have vouched we cannot know. */
		x->reason = "backend";
		result = EXCHANGE_TEMPORARY;
	}
	explicit_bzero(&x->user, sizeof x->user);
	return result;
}

static enum exchange_result
external_step(struct exchange *x, struct slice response)
{
	struct shown shown;

	if (response.data == NULL && x->state == 0) {
		x->state = 1;
		return EXCHANGE_CHALLENGE; /* an empty one */
	}
	/* The authorization id: nobody may act for another. */
	if (response.len > 0 && mechanism_login(x, response) == -1)
		return EXCHANGE_MALFORMED;
	x->reason = "certificate";
	if (look(x, &shown) == -1)
		return EXCHANGE_FAIL;
	/* A fingerprint names nobody. */
	if (response.len == 0 &&
		(!shown.whole || take_name(x, &shown.certificate) == -1)) {
		x->login_len = 0;
		return EXCHANGE_FAIL;
	}
	return verify(x, &shown);
}

const struct mechanism mechanism_external = {
	MECHANISM_ROW(external), external_step, KINDS};
