/*
 * pair - see pair.h. Run by the keeper and by smtpd-check: the files are the
 * admin's own.
 */
#include "keeper/pair.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/bignum.h"
#include "lib/certificate.h"
#include "lib/chain.h"
#include "lib/clock.h"
#include "lib/der.h"
#include "lib/pem.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
/*
 * BearSSL 0.6 checks the length of a key against the wrong constant; an
 * RSA-4096 key in PKCS #8 is 2,376 octets, so nothing longer reaches it.
 */
#define KEY_DER_MAX 2400
#define UNKNOWN_KEY "not a private key of a known kind"
#define UNSUPPORTED_ED "Ed25519 and Ed448 keys are not supported"

/* What is wanted of a PEM file, and the key as it was found. */
struct pem {
	struct signer *signer;
	bool want_chain, want_key;
	unsigned char der[KEY_DER_MAX];
	size_t der_len;
	unsigned keys, certificates;
};

/* "WHAT N MORE" for the log. */
static const char *
number_reason(struct signer *s, const char *what, unsigned n, const char *more)
{
	struct buffer b = BUFFER_OVER(s->reason_text);

	buffer_add_text(&b, what);
	buffer_add_number(&b, n);
	buffer_add_text(&b, more);
	return buffer_string(&b);
}

/* Onto the end of the chain. */
static const char *
take_certificate(struct pem *pem, struct slice base64)
{
	struct signer *s = pem->signer;
	struct buffer chain = {(char *)s->pair->chain,
		s->chain_len + CHAIN_HEAD, sizeof s->pair->chain, false};
	struct der certificate;
	unsigned number = ++pem->certificates;

	if (number > CHANNEL_CHAIN_MAX)
		return number_reason(
			s, "more than ", CHANNEL_CHAIN_MAX, " certificates");
	if (CHAIN_HEAD + BASE64_DECODED_MAX(base64.len) >
		sizeof s->pair->chain - s->chain_len)
		return number_reason(s, PAIR_LONG, number, " does not fit");
	if (base64_decode(&chain, base64) == -1)
		return "not PEM";
	struct slice der =
		slice_from(buffer_slice(&chain), s->chain_len + CHAIN_HEAD);
	struct slice rest = der;

	if (!der_take(&rest, &certificate) || certificate.tag != DER_SEQUENCE)
		return number_reason(s, "certificate ", number, " is broken");
	/* What openssl writes behind a trusted one is for its own eyes. */
	size_t len = der.len - rest.len;

	chain_head(s->pair->chain + s->chain_len, len);
	s->chain_len += CHAIN_HEAD + len;
	return NULL;
}

/* The first key counts; a second one would only be confusing. */
static const char *
take_key(struct pem *pem, const struct pem_object *object)
{
	struct buffer der = BUFFER_OVER(pem->der);

	if (pem->keys++ > 0)
		return NULL;
	if (object->encrypted ||
		slice_is(object->name, "ENCRYPTED PRIVATE KEY"))
		return "the key is encrypted";
	if (!slice_is(object->name, "PRIVATE KEY") &&
		!slice_is(object->name, "EC PRIVATE KEY") &&
		!slice_is(object->name, "RSA PRIVATE KEY"))
		return UNKNOWN_KEY;
	if (BASE64_DECODED_MAX(object->base64.len) > sizeof pem->der)
		return "too large";
	if (base64_decode(&der, object->base64) == -1)
		return "not PEM";
	pem->der_len = der.len;
	return NULL;
}

/* Of any kind, also one that is then refused by name. */
static bool
is_key(struct slice name)
{
	static const char end[] = "PRIVATE KEY";

	return name.len >= strlen(end) &&
	       slice_is(slice_from(name, name.len - strlen(end)), end);
}

/* Decodes a whole PEM file. Returns NULL or what is wrong. */
static const char *
decode_pem(struct pem *pem, char *text, size_t len)
{
	struct pem_object object;
	const char *reason = NULL;
	enum pem_result result;

	while (reason == NULL &&
		(result = pem_next(&text, &len, &object)) != PEM_END) {
		if (result == PEM_BROKEN)
			return "not PEM";
		if (pem->want_chain && pem_is_certificate(object.name))
			reason = take_certificate(pem, object.base64);
		else if (pem->want_chain && pem_is_bundle(object.name))
			reason = "PKCS7 is not supported";
		else if (pem->want_key && is_key(object.name))
			reason = take_key(pem, &object);
	}
	return reason;
}

static const char *
read_pem(struct pem *pem, int fd)
{
	char *text = pem->signer->pair->text;
	size_t len;
	const char *reason = pem_read(fd, text, SIGNER_FILE_MAX, &len);

	if (reason == NULL)
		reason = decode_pem(pem, text, len);
	explicit_bzero(text, len);
	return reason;
}

/*
 * The algorithm that a key in PKCS #8 names (RFC 5958 §2); absent in the
 * older forms, which are of one kind each.
 */
static struct slice
key_algorithm(const struct pem *pem)
{
	struct slice rest = {(const char *)pem->der, pem->der_len};
	struct slice key, number, algorithm, oid;

	if (der_take_a(&rest, DER_SEQUENCE, &key) &&
		der_take_a(&key, DER_INTEGER, &number) &&
		der_take_a(&key, DER_SEQUENCE, &algorithm) &&
		der_take_a(&algorithm, DER_OID, &oid))
		return oid;
	return SLICE_NONE;
}

/* Keys that people have, and that are no use here. */
static const char *
unsupported_key(const struct pem *pem)
{
	static const struct {
		struct slice oid;
		const char *reason;
	} kinds[] = {
		/* RFC 8410, RFC 4055 */
		{{"\x2b\x65\x70", 3}, UNSUPPORTED_ED},
		{{"\x2b\x65\x71", 3}, UNSUPPORTED_ED},
		{{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 9},
			"RSA-PSS keys are not supported"},
	};
	struct slice oid = key_algorithm(pem);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (slice_equal(oid, kinds[i].oid))
			return kinds[i].reason;
	return NULL;
}

static const char *
decode_key(struct signer *s, const struct pem *pem)
{
	if (pem->keys == 0)
		return "holds no private key";
	const char *reason = unsupported_key(pem);

	if (reason != NULL)
		return reason;
	br_skey_decoder_init(&s->pair->key);
	br_skey_decoder_push(&s->pair->key, pem->der, pem->der_len);
	if (br_skey_decoder_last_error(&s->pair->key) != 0)
		return UNKNOWN_KEY;
	switch (br_skey_decoder_key_type(&s->pair->key)) {
	case BR_KEYTYPE_EC:
		s->type = KEY_EC;
		return NULL;
	case BR_KEYTYPE_RSA:
		if (br_skey_decoder_get_rsa(&s->pair->key)->n_bitlen <
				RSA_BITS_MIN ||
			br_skey_decoder_get_rsa(&s->pair->key)->n_bitlen >
				RSA_BITS_MAX)
			return "RSA keys must have 2048 to 4096 bits";
		s->type = KEY_RSA;
		return NULL;
	default:
		return UNKNOWN_KEY;
	}
}

/*
 * Does the key belong to the certificate? A private key's file has the public
 * part in it, an RSA key's always and an EC key's nearly so, and then it is
 * just found there; to compute it would cost as much as the signature.
 */
static bool
key_fits(const struct signer *s, const struct pem *pem,
	const br_x509_pkey *public)
{
	unsigned char computed[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_public_key point;

	if (s->type == KEY_RSA)
		return public->key_type == BR_KEYTYPE_RSA &&
		       memmem(pem->der, pem->der_len, public->key.rsa.n,
			       public->key.rsa.nlen) != NULL;
	if (public->key_type != BR_KEYTYPE_EC)
		return false;
	if (memmem(pem->der, pem->der_len, public->key.ec.q,
		    public->key.ec.qlen) != NULL)
		return true;
	return br_ec_compute_pub(br_ec_get_default(), &point, computed,
		       br_skey_decoder_get_ec(&s->pair->key)) ==
		       public->key.ec.qlen &&
	       memcmp(computed, public->key.ec.q, public->key.ec.qlen) == 0;
}

/* Is it today one of the certificate's days? NULL, or why not. */
static const char *
check_dates(const br_x509_decoder_context *leaf)
{
	int64_t now = clock_seconds();

	if (now > certificate_seconds(
			  leaf->notafter_days, leaf->notafter_seconds))
		return "expired";
	if (now < certificate_seconds(
			  leaf->notbefore_days, leaf->notbefore_seconds))
		return "not yet valid";
	return NULL;
}

/* Decodes the first certificate of the chain, and takes it off. */
static const br_x509_pkey *
take_public(struct slice *chain, br_x509_decoder_context *decoder)
{
	struct slice der;

	if (!chain_take(chain, &der))
		return NULL;
	br_x509_decoder_init(decoder, NULL, NULL);
	br_x509_decoder_push(decoder, der.data, der.len);
	return br_x509_decoder_get_pkey(decoder);
}

/* For the signature: an RSA key is blinded by the public exponent. */
static const char *
keep_exponent(struct signer *s, const br_x509_pkey *public)
{
	if (public->key_type != BR_KEYTYPE_RSA)
		return NULL;
	if (public->key.rsa.elen > sizeof s->exponent)
		return "an RSA exponent of more than 64 bits";
	memcpy(s->exponent, public->key.rsa.e, public->key.rsa.elen);
	s->exponent_len = public->key.rsa.elen;
	return NULL;
}

/* Looks at the leaf: dates, and whether the key is its own. */
static const char *
check_leaf(struct signer *s, const struct pem *pem)
{
	br_x509_decoder_context decoder;
	struct slice chain = {(const char *)s->pair->chain, s->chain_len};
	const br_x509_pkey *public = take_public(&chain, &decoder);

	if (public == NULL)
		return "not a certificate with an EC or RSA key";
	s->dates = check_dates(&decoder);
	if (key_fits(s, pem, public))
		return keep_exponent(s, public);
	for (unsigned n = 2; chain.len > 0; n++) {
		public = take_public(&chain, &decoder);
		if (public != NULL && key_fits(s, pem, public))
			return number_reason(s, PAIR_ORDER, n, "");
	}
	return PAIR_DIFFER;
}

/*
 * What BearSSL, nettle and GMP compute with lies on the stack, and is left
 * there: nettle's ECDSA leaves the nonce, which with the signature is the key,
 * BearSSL's the key itself. Every authenticator is a copy of this process.
 */
void
pair_forget_key(struct signer *s)
{
	struct signer_pair *pair = s->pair;

	explicit_bzero(&pair->key, sizeof pair->key);
	giveback_pages(
		&pair->key, sizeof *pair - offsetof(struct signer_pair, key));
	s->type = KEY_NONE;
	bignum_giveback();
	giveback_stack();
}

int
pair_load(struct signer *s, int certificate, int key)
{
	struct pem pem = {
		.signer = s, .want_chain = true, .want_key = key == -1};
	const char *file = "servercert.pem";

	s->type = KEY_NONE;
	s->chain_len = 0;
	s->dates = NULL;
	const char *reason = read_pem(&pem, certificate);

	if (reason == NULL && s->chain_len == 0)
		reason = "holds no certificate";
	if (reason == NULL && key != -1) {
		file = "serverkey.pem";
		pem.want_chain = false;
		pem.want_key = true;
		reason = read_pem(&pem, key);
	}
	if (reason == NULL)
		reason = decode_key(s, &pem);
	if (reason == NULL) {
		file = "servercert.pem";
		reason = check_leaf(s, &pem);
	}
	explicit_bzero(&pem, sizeof pem);
	if (reason == NULL)
		return 0;
	pair_forget_key(s);
	s->file = file;
	s->reason = reason;
	return -1;
}

void
pair_close(int *certificate, int *key)
{
	if (*certificate != -1)
		close(*certificate);
	if (*key != -1)
		close(*key);
	*certificate = *key = -1;
}
