/*
 * scram - the mechanisms SCRAM-SHA-256 and SCRAM-SHA-1, RFC 5802 and 7677, and
 * their -PLUS forms, bound to the TLS connection by tls-server-end-point (RFC
 * 5929 §4). Run by the authenticator.
 *
 *   client-first  n,,n=user,r=cnonce
 *   server-first  r=cnonce snonce,s=salt,i=iterations
 *   client-final  c=biws,r=cnonce snonce,p=proof
 *   server-final  v=signature, then the client's empty line
 */
#include <assert.h>
#include <string.h>

#include "lib/certificate.h"
#include "sasl/mechanism.h"
#include "sasl/scram_message.h"
#include "lib/base64.h"

#define NONCE_MAX 256			      /* octets of the client's */
#define SERVER_NONCE_OCTETS 18		      /* of randomness */
#define FIRST_MAX 1024			      /* octets of client-first-bare */
#define HEADER_MAX (32 + USERS_LOGIN_MAX * 3) /* octets of the gs2 header */
#define BINDING "tls-server-end-point"

enum { START, WANT_FIRST, WANT_FINAL, WANT_EMPTY };

/* What is kept between the steps, in x->memory. */
struct scram {
	char header[HEADER_MAX];
	char first[FIRST_MAX]; /* client-first-bare */
	char server_first[FIRST_MAX];
	size_t header_len, first_len, server_first_len;
	size_t nonce_at, nonce_len; /* both nonces, in server_first */
	bool real;	    /* there is such a user with such a secret */
	const char *why;    /* reason for the log, should it fail */
	struct secret sent; /* whose salt and iterations were sent */
	char label[USERS_LABEL_MAX + 1];
};

static_assert(sizeof(struct scram) <= sizeof(((struct exchange *)0)->memory),
	"the exchange's memory is too small");

static enum secret_kind
kind_of(const struct exchange *x)
{
	return slice_starts_nocase(
		       slice_of(x->mechanism->row->name), "SCRAM-SHA-1")
		       ? SECRET_SCRAM_SHA_1
		       : SECRET_SCRAM_SHA_256;
}

static bool
is_plus(const struct exchange *x)
{
	return (x->mechanism->row->wants & AUTHMECHS_BINDING) != 0;
}

/* ------------------------------------------------------- first message --- */

/*
 * Fills x->login from n=. 0; 1 when authzid is there and another login; -1
 * when one of them cannot be any.
 */
static int
take_login(struct exchange *x, struct slice name, struct slice authzid)
{
	char text[USERS_LOGIN_MAX], other[USERS_LOGIN_MAX];
	struct buffer decoded = BUFFER_OVER(text), wanted = BUFFER_OVER(other);

	if (authzid.data != NULL &&
		(scram_decode_name(authzid, &wanted) == -1 ||
			mechanism_login(x, buffer_slice(&wanted)) == -1))
		return -1;
	if (scram_decode_name(name, &decoded) == -1 ||
		mechanism_login(x, buffer_slice(&decoded)) == -1)
		return -1;
	return authzid.data == NULL ||
			       mechanism_is_login(x, buffer_slice(&wanted))
		       ? 0
		       : 1;
}

/*
 * The same for the same login for ever, and for nobody else's (§5.1), and the
 * same with -PLUS as without, as a user's own is.
 */
static void
fake_secret(struct exchange *x, const struct site *site, struct secret *out)
{
	char text[64 + USERS_LOGIN_MAX];
	struct buffer b = BUFFER_OVER(text);
	unsigned char salt[SECRET_HASH_MAX];

	buffer_add_text(&b, kind_of(x) == SECRET_SCRAM_SHA_1 ? "SCRAM-SHA-1"
							     : "SCRAM-SHA-256");
	buffer_add_char(&b, '\0');
	buffer_add(&b, x->login, x->name_len);
	secret_hmac(secret_hash(SECRET_SCRAM_SHA_256),
		(struct slice){(const char *)site->key, sizeof site->key},
		buffer_slice(&b), salt);
	*out = (struct secret){.kind = kind_of(x),
		.iterations = site->scram_iterations,
		.salt_len = site->scram_salt_len};
	memcpy(out->salt, salt, out->salt_len);
}

/* The first secret of this hash has the salt and count for all of them. */
static const struct user_secret *
first_secret(const struct exchange *x)
{
	for (size_t i = 0; i < x->user.secrets_count; i++)
		if (x->user.secrets[i].secret.kind == kind_of(x))
			return &x->user.secrets[i];
	return NULL;
}

static enum users_result
choose_secret(struct exchange *x, struct scram *s)
{
	struct site site;
	const struct user_secret *found = NULL;
	enum users_result result = mechanism_look_up(x);

	if (result == USERS_BROKEN ||
		users_site(x->users_fd, &site) != USERS_FOUND)
		return USERS_BROKEN;
	if (result == USERS_FOUND)
		found = first_secret(x);
	s->why = result == USERS_MISSING ? "unknown"
		 : x->user.disabled	 ? "disabled"
		 : found == NULL	 ? "no-secret"
					 : "password";
	s->real = s->real && found != NULL && !x->user.disabled;
	/*
	 * For everybody: else the time that it takes, and that which the next
	 * step spares by memory that is there, would tell.
	 */
	fake_secret(x, &site, &s->sent);
	/* A disabled user's own salt: as before it was disabled. */
	if (found != NULL)
		s->sent = found->secret;
	explicit_bzero(&site, sizeof site);
	users_level(&x->user);
	return USERS_FOUND;
}

static void
put_server_first(struct exchange *x, struct scram *s, struct slice nonce)
{
	struct buffer *out = &x->challenge;
	char digits[BASE64_ENCODED_LEN(SECRET_SALT_MAX)];
	struct buffer salt = BUFFER_OVER(digits);

	buffer_add_text(out, "r=");
	s->nonce_at = out->len;
	buffer_add_slice(out, nonce);
	base64_encode(out,
		(struct slice){(const char *)x->random, SERVER_NONCE_OCTETS});
	s->nonce_len = out->len - s->nonce_at;
	base64_encode(&salt,
		(struct slice){(const char *)s->sent.salt, s->sent.salt_len});
	buffer_add_text(out, ",s=");
	buffer_add_slice(out, buffer_slice(&salt));
	buffer_add_text(out, ",i=");
	buffer_add_number(out, s->sent.iterations);
	/* Nonces of at most NONCE_MAX make it fit. */
	memcpy(s->server_first, out->data, out->len);
	s->server_first_len = out->len;
}

static enum exchange_result
first_message(struct exchange *x, struct scram *s, struct slice message)
{
	struct scram_first first;

	if (scram_parse_first(message, &first) == -1 ||
		first.nonce.len > NONCE_MAX ||
		first.header.len > sizeof s->header ||
		first.bare.len > sizeof s->first)
		return EXCHANGE_MALFORMED;
	/* -PLUS is bound to the certificate, the others to nothing (§6). */
	if (is_plus(x) != (first.flag == 'p') ||
		(is_plus(x) && !slice_is(first.binding, BINDING)))
		return EXCHANGE_MALFORMED;
	memcpy(s->header, first.header.data, first.header.len);
	s->header_len = first.header.len;
	memcpy(s->first, first.bare.data, first.bare.len);
	s->first_len = first.bare.len;
	int login = take_login(x, first.name, first.authzid);

	if (login == -1)
		return EXCHANGE_MALFORMED;
	/*
	 * The client could bind and believes that we cannot, but we did offer
	 * it: somebody took that out of our offer (§6).
	 */
	if (first.flag == 'y' && x->facts->plus_offered) {
		x->reason = "binding";
		return EXCHANGE_FAIL;
	}
	s->real = login == 0;
	if (choose_secret(x, s) == USERS_BROKEN) {
		x->reason = "backend";
		return EXCHANGE_TEMPORARY;
	}
	put_server_first(x, s, first.nonce);
	x->state = WANT_FINAL;
	return EXCHANGE_CHALLENGE;
}

/* ------------------------------------------------------- final message --- */

/* c=: the header, and with -PLUS the hash of the certificate behind it. */
static bool
binding_is_ours(
	const struct exchange *x, const struct scram *s, struct slice binding)
{
	char octets[HEADER_MAX + CERTIFICATE_BINDING_MAX];
	char text[BASE64_ENCODED_LEN(HEADER_MAX + CERTIFICATE_BINDING_MAX)];
	struct buffer all = BUFFER_OVER(octets), b = BUFFER_OVER(text);

	buffer_add(&all, s->header, s->header_len);
	if (is_plus(x)) {
		if (x->facts->binding.len == 0)
			return false;
		buffer_add_slice(&all, x->facts->binding);
	}
	base64_encode(&b, buffer_slice(&all));
	return slice_equal(buffer_slice(&b), binding);
}

/* AuthMessage of §3. */
static void
auth_message(
	const struct scram *s, struct slice without_proof, struct buffer *out)
{
	buffer_add(out, s->first, s->first_len);
	buffer_add_char(out, ',');
	buffer_add(out, s->server_first, s->server_first_len);
	buffer_add_char(out, ',');
	buffer_add_slice(out, without_proof);
}

/* Does the proof fit this stored key? (§3: ClientKey = Proof XOR Signature) */
static bool
proof_fits(const struct secret *secret, struct slice message,
	const unsigned char *proof)
{
	size_t len = secret_hash_len(secret->kind);
	unsigned char key[SECRET_HASH_MAX], stored[SECRET_HASH_MAX];

	secret_hmac(secret_hash(secret->kind),
		(struct slice){(const char *)secret->stored_key, len}, message,
		key);
	for (size_t i = 0; i < len; i++)
		key[i] ^= proof[i];
	secret_digest(
		secret->kind, (struct slice){(const char *)key, len}, stored);
	bool fits = bytes_equal_constant_time(stored, secret->stored_key, len);

	explicit_bzero(key, sizeof key);
	return fits;
}

/*
 * Tries every secret that shares what was sent; NULL when none will do. As
 * many sums for everybody, whether there is one secret, thirty or no user.
 */
static const struct user_secret *
find_secret(struct exchange *x, const struct scram *s, struct slice message,
	const unsigned char *proof)
{
	const struct user_secret *found = NULL;

	for (size_t i = 0; i < USERS_SECRETS_MAX; i++) {
		const struct user_secret *u = &x->user.secrets[i];
		bool tried = s->real && i < x->user.secrets_count &&
			     secret_shares_derived(&u->secret, &s->sent);

		if (!proof_fits(
			    tried ? &u->secret : &s->sent, message, proof) ||
			!tried)
			continue;
		if (users_expired(u, x->today))
			x->reason = "expired";
		else
			found = u;
	}
	return found;
}

static void
put_server_final(
	struct exchange *x, const struct secret *secret, struct slice message)
{
	size_t len = secret_hash_len(secret->kind);
	unsigned char signature[SECRET_HASH_MAX];

	secret_hmac(secret_hash(secret->kind),
		(struct slice){(const char *)secret->server_key, len}, message,
		signature);
	buffer_add_text(&x->challenge, "v=");
	base64_encode(
		&x->challenge, (struct slice){(const char *)signature, len});
}

static enum exchange_result
final_message(struct exchange *x, struct scram *s, struct slice response)
{
	char text[3 * FIRST_MAX];
	struct buffer message = BUFFER_OVER(text);
	unsigned char proof[SECRET_HASH_MAX];
	struct buffer decoded = BUFFER_OVER(proof);
	struct slice nonces = {s->server_first + s->nonce_at, s->nonce_len};
	struct scram_final final;

	if (scram_parse_final(response, &final) == -1 ||
		base64_decode(&decoded, final.proof) == -1 ||
		decoded.len != secret_hash_len(s->sent.kind))
		return EXCHANGE_MALFORMED;
	auth_message(s, final.without_proof, &message);
	if (message.overflow)
		return EXCHANGE_MALFORMED;
	bool bound = binding_is_ours(x, s, final.binding);
	bool same = bound && slice_equal(final.nonce, nonces);

	const struct user_secret *found =
		find_secret(x, s, buffer_slice(&message), proof);
	/* The proof is of the password, but made for another connection. */
	if (found != NULL && !bound && is_plus(x))
		x->reason = "binding";
	if (found == NULL || !same)
		return EXCHANGE_FAIL;
	put_server_final(x, &found->secret, buffer_slice(&message));
	x->proven = true;
	slice_string(found->label, s->label, sizeof s->label);
	explicit_bzero(&x->user, sizeof x->user);
	explicit_bzero(&s->sent, sizeof s->sent);
	x->state = WANT_EMPTY;
	return EXCHANGE_CHALLENGE;
}

static enum exchange_result
scram_step(struct exchange *x, struct slice response)
{
	struct scram *s = (struct scram *)(void *)x->memory;

	switch (x->state) {
	case START:
		if (response.data == NULL) {
			x->state = WANT_FIRST;
			return EXCHANGE_CHALLENGE; /* an empty one */
		}
		return first_message(x, s, response);
	case WANT_FIRST:
		return first_message(x, s, response);
	case WANT_FINAL:
		x->reason = s->why;
		return final_message(x, s, response);
	default:
		if (response.len > 0)
			return EXCHANGE_MALFORMED;
		return mechanism_accept(x, slice_of(s->label));
	}
}

const struct mechanism mechanism_scram_sha_256 = {MECHANISM_ROW(scram_sha_256),
	scram_step, SECRET_BIT(SECRET_SCRAM_SHA_256)};
const struct mechanism mechanism_scram_sha_1 = {
	MECHANISM_ROW(scram_sha_1), scram_step, SECRET_BIT(SECRET_SCRAM_SHA_1)};
const struct mechanism mechanism_scram_sha_256_plus = {
	MECHANISM_ROW(scram_sha_256_plus), scram_step,
	SECRET_BIT(SECRET_SCRAM_SHA_256)};
const struct mechanism mechanism_scram_sha_1_plus = {
	MECHANISM_ROW(scram_sha_1_plus), scram_step,
	SECRET_BIT(SECRET_SCRAM_SHA_1)};
