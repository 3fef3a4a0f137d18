/*
 * digest_md5 - the mechanism DIGEST-MD5, RFC 2831: the server speaks first.
 * Authentication alone (qop=auth), one realm, a nonce that is good for once,
 * no subsequent authentication. Historic (RFC 6331), so for those who ask for
 * it. Run by the authenticator.
 *
 *   challenge  realm="me",nonce="...",qop="auth",charset=utf-8,
 *              algorithm=md5-sess
 *   response   username=,realm=,nonce=,cnonce=,nc=00000001,qop=auth,
 *              digest-uri=smtp/HOST,response=
 *   challenge  rspauth=..., then the client's empty line
 */
#include <assert.h>
#include <string.h>

#include "lib/certificate.h"
#include "sasl/directives.h"
#include "users/md5.h"
#include "sasl/mechanism.h"
#include "lib/base64.h"

#define KINDS (SECRET_BIT(SECRET_DIGEST_MD5) | SECRET_BIT(SECRET_PLAIN))
#define NONCE_OCTETS 24 /* of randomness */
#define NONCE_LEN BASE64_ENCODED_LEN(NONCE_OCTETS)
#define RESPONSE_MAX 4095 /* octets, RFC 2831 §2.1.2 */

enum { START, WANT_RESPONSE, WANT_EMPTY };

/* What is kept between the steps, in x->memory. */
struct digest {
	char nonce[NONCE_LEN];
};

static_assert(sizeof(struct digest) <= sizeof(((struct exchange *)0)->memory),
	"the exchange's memory is too small");

/* The directives that count. */
enum field {
	USERNAME,
	REALM,
	NONCE,
	CNONCE,
	NC,
	QOP,
	URI,
	RESPONSE,
	CHARSET,
	AUTHZID,
	FIELDS
};

struct response {
	struct slice field[FIELDS]; /* absent where there is none */
	char text[RESPONSE_MAX];    /* what quoted ones point to */
	char given[MD5_HEX_LEN];    /* the proof, in lower case */
};

static enum exchange_result
challenge(struct exchange *x, struct digest *d)
{
	struct buffer *out = &x->challenge;
	struct buffer nonce = BUFFER_OVER(d->nonce);

	base64_encode(
		&nonce, (struct slice){(const char *)x->random, NONCE_OCTETS});
	buffer_add_text(out, "realm=");
	directives_quote(out, x->facts->me);
	buffer_add_text(out, ",nonce=\"");
	buffer_add_slice(out, buffer_slice(&nonce));
	buffer_add_text(
		out, "\",qop=\"auth\",charset=utf-8,algorithm=md5-sess");
	x->state = WANT_RESPONSE;
	return EXCHANGE_CHALLENGE;
}

/* ------------------------------------------------------------ response --- */

/* Unknown directives are passed over, ours may come once. */
static int
take_fields(struct slice rest, struct response *r)
{
	static const char *const names[FIELDS] = {"username", "realm", "nonce",
		"cnonce", "nc", "qop", "digest-uri", "response", "charset",
		"authzid"};
	struct buffer text = BUFFER_OVER(r->text);
	struct slice name, value;
	int got;

	for (size_t i = 0; i < FIELDS; i++)
		r->field[i] = SLICE_NONE;
	while ((got = directives_next(&rest, &text, &name, &value)) == 1)
		for (size_t i = 0; i < FIELDS; i++) {
			if (!slice_is_nocase(name, names[i]))
				continue;
			if (r->field[i].data != NULL)
				return -1;
			r->field[i] = value;
		}
	return got;
}

static bool
is_absent_or(struct slice value, const char *text)
{
	return value.data == NULL || slice_is_nocase(value, text);
}

/* What RFC 2831 §2.1.2 wants of each, apart from its being right. */
static int
parse_response(struct slice message, struct response *r)
{
	const struct slice *field = r->field;

	if (message.len > RESPONSE_MAX || take_fields(message, r) == -1)
		return -1;
	if (field[USERNAME].data == NULL || field[NONCE].data == NULL ||
		field[CNONCE].len == 0 || field[URI].data == NULL ||
		field[RESPONSE].len != MD5_HEX_LEN)
		return -1;
	/* A nonce is good for one response. */
	if (field[NC].data == NULL || !slice_is(field[NC], "00000001") ||
		!is_absent_or(field[QOP], "auth") ||
		!is_absent_or(field[CHARSET], "utf-8") ||
		(field[AUTHZID].data != NULL && field[AUTHZID].len == 0))
		return -1;
	for (size_t i = 0; i < MD5_HEX_LEN; i++)
		r->given[i] = bytes_lower(field[RESPONSE].data[i]);
	if (field[REALM].data == NULL)
		r->field[REALM] = slice_of("");
	return 0;
}

/* The same, or any one label for a "*" in front (RFC 6125 §6.4.3). */
static bool
matches(struct slice name, struct slice host)
{
	if (name.len > 2 && name.data[0] == '*' && name.data[1] == '.') {
		name = slice_from(name, 1);
		host = slice_from(host, slice_find(host, '.'));
	}
	return slice_equal_nocase(name, host);
}

/*
 * Our names: those that the keeper knows, and those of our certificate. With
 * a dot at its end a name is the same.
 */
static bool
is_our_name(const struct mechanism_facts *facts, struct slice host)
{
	if (host.len > 0 && host.data[host.len - 1] == '.')
		host.len--;
	const struct slice known[] = {
		facts->me, facts->localiphost, facts->local_ip};
	struct certificate own;
	struct slice name;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].len > 0 && slice_equal_nocase(known[i], host))
			return true;
	if (certificate_parse(&own, facts->server_certificate) == -1)
		return false;
	struct certificate_cursor alt = {0}, common = {0};

	while (certificate_next(&own, CERTIFICATE_ALT_DNS, &alt, &name) ||
		certificate_next(&own, CERTIFICATE_COMMON, &common, &name))
		if (matches(name, host))
			return true;
	return false;
}

/* smtp/HOST or smtp/HOST/SERVICE */
static bool
is_our_uri(const struct mechanism_facts *facts, struct slice uri)
{
	if (!slice_is_nocase(slice_split(&uri, '/'), "smtp") ||
		uri.data == NULL)
		return false;
	return is_our_name(facts, slice_split(&uri, '/'));
}

/* ---------------------------------------------------------------- sums --- */

static void
response_value(const struct response *r, const unsigned char *user,
	const char *method, char *digits)
{
	const struct slice *field = r->field;
	struct md5_digest digest = {.nonce = field[NONCE],
		.cnonce = field[CNONCE],
		.nc = field[NC],
		.uri = field[URI],
		.authzid = field[AUTHZID]};

	md5_response(&digest, user, method, digits);
}

static bool
fits(const struct response *r, const unsigned char *user)
{
	char expected[MD5_HEX_LEN];

	response_value(r, user, "AUTHENTICATE", expected);
	bool same =
		bytes_equal_constant_time(expected, r->given, sizeof expected);

	explicit_bzero(expected, sizeof expected);
	return same;
}

/* Clients differ in whether they convert to ISO 8859-1: both are tried. */
static bool
fits_password(
	const struct response *r, struct slice password, unsigned char *user)
{
	const struct slice *field = r->field;

	md5_user(field[USERNAME], field[REALM], password, user);
	return fits(r, user) || (md5_user_latin1(field[USERNAME], field[REALM],
					 password, user) &&
					fits(r, user));
}

/* user becomes H(login:realm:password) when the secret fits. */
static bool
fits_secret(const struct secret *secret, const struct response *r,
	unsigned char *user)
{
	if (secret->kind == SECRET_PLAIN)
		return fits_password(r, secret->text, user);
	memcpy(user, secret->octets, MD5_LEN);
	return fits(r, user) && slice_equal(secret->text, r->field[REALM]);
}

/* ------------------------------------------------------------ exchange --- */

/* Nonce and realm are ours, and nobody acts for another. */
static bool
is_for_us(const struct exchange *x, const struct digest *d,
	const struct response *r)
{
	const struct slice *field = r->field;

	return slice_equal(field[NONCE], (struct slice){d->nonce, NONCE_LEN}) &&
	       slice_equal(field[REALM], x->facts->me) &&
	       (field[AUTHZID].data == NULL ||
		       mechanism_is_login(x, field[AUTHZID]));
}

static enum exchange_result
verify(struct exchange *x, struct digest *d, const struct response *r)
{
	static const struct secret nobody = {.kind = SECRET_DIGEST_MD5};
	unsigned char user[MD5_LEN] = {0}, hash[MD5_LEN];
	const struct user_secret *found = NULL;
	char answer[MD5_HEX_LEN];
	bool real;

	if (mechanism_find_user(x, KINDS, &real) == -1)
		return EXCHANGE_TEMPORARY;
	bool for_us = is_for_us(x, d, r);
	bool right_uri = is_our_uri(x->facts, r->field[URI]);

	/* The same work for one secret, thirty or no user. */
	for (size_t i = 0; i < USERS_SECRETS_MAX; i++) {
		const struct user_secret *s = &x->user.secrets[i];
		bool tried = real && i < x->user.secrets_count &&
			     secret_is(&s->secret, KINDS);

		if (!fits_secret(tried ? &s->secret : &nobody, r, hash) ||
			!tried)
			continue;
		found = s;
		memcpy(user, hash, sizeof user);
	}
	explicit_bzero(hash, sizeof hash);
	if (found != NULL && for_us && !right_uri)
		x->reason = "digest-uri";
	bool good = found != NULL && for_us && right_uri &&
		    mechanism_accept(x, found->label) == EXCHANGE_OK;

	if (good) {
		response_value(r, user, "", answer);
		buffer_add_text(&x->challenge, "rspauth=");
		buffer_add(&x->challenge, answer, sizeof answer);
		x->state = WANT_EMPTY;
		x->proven = true;
	}
	explicit_bzero(user, sizeof user);
	explicit_bzero(&x->user, sizeof x->user);
	return good ? EXCHANGE_CHALLENGE : EXCHANGE_FAIL;
}

static enum exchange_result
digest_step(struct exchange *x, struct slice message)
{
	struct digest *d = (struct digest *)(void *)x->memory;
	struct response r;

	switch (x->state) {
	case START:
		return message.data == NULL ? challenge(x, d)
					    : EXCHANGE_MALFORMED;
	case WANT_RESPONSE:
		if (parse_response(message, &r) == -1 ||
			mechanism_login(x, r.field[USERNAME]) == -1)
			return EXCHANGE_MALFORMED;
		return verify(x, d, &r);
	default:
		/* Accepted when the proof came, but for this. */
		return message.len > 0 ? EXCHANGE_MALFORMED : EXCHANGE_OK;
	}
}

const struct mechanism mechanism_digest_md5 = {
	MECHANISM_ROW(digest_md5), digest_step, KINDS};
