/* pair - see pair.h. Run by the keeper: the files are the admin's own. */
#include "keeper/pair.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/clock.h"
#include "lib/memory.h"
#include "lib/pem.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
/*
 * BearSSL 0.6 checks the length of a key against the wrong constant; an
 * RSA-4096 key in PKCS #8 is 2,376 octets, so nothing longer reaches it.
 */
#define KEY_DER_MAX 2400
#define DAYS_TO_1970 719528 /* BearSSL counts days from the year 0 */

/* What is wanted of a PEM file, and the key as it was found. */
struct pem {
	struct signer *signer;
	bool want_chain, want_key;
	unsigned char der[KEY_DER_MAX];
	size_t der_len;
	unsigned keys;
};

/* A length of two octets, then the certificate. */
static const char *
take_certificate(struct signer *s, struct slice base64)
{
	struct buffer chain = {(char *)s->pair->chain, s->chain_len + 2,
		sizeof s->pair->chain, false};

	if (BASE64_DECODED_MAX(base64.len) + 2 >
		sizeof s->pair->chain - s->chain_len)
		return "too large";
	if (base64_decode(&chain, base64) == -1)
		return "not PEM";
	size_t len = chain.len - s->chain_len - 2;

	s->pair->chain[s->chain_len] = (unsigned char)(len >> 8);
	s->pair->chain[s->chain_len + 1] = (unsigned char)len;
	s->chain_len = chain.len;
	return NULL;
}

/* The first key counts; a second one would only be confusing. */
static const char *
take_key(struct pem *pem, struct slice base64)
{
	struct buffer der = {(char *)pem->der, 0, sizeof pem->der, false};

	if (pem->keys++ > 0)
		return NULL;
	if (BASE64_DECODED_MAX(base64.len) > sizeof pem->der)
		return "too large";
	if (base64_decode(&der, base64) == -1)
		return "not PEM";
	pem->der_len = der.len;
	return NULL;
}

static bool
is_key(struct slice name)
{
	return slice_is(name, "PRIVATE KEY") ||
	       slice_is(name, "EC PRIVATE KEY") ||
	       slice_is(name, "RSA PRIVATE KEY");
}

/* Decodes a whole PEM file. Returns NULL or what is wrong. */
static const char *
decode_pem(struct pem *pem, char *text, size_t len)
{
	struct slice name, base64;
	const char *reason = NULL;
	enum pem_result result;

	if (memmem(text, len, "ENCRYPTED", 9) != NULL && pem->want_key)
		return "the key is encrypted";
	while (reason == NULL &&
		(result = pem_next(&text, &len, &name, &base64)) != PEM_END) {
		if (result == PEM_BROKEN)
			reason = "not PEM";
		else if (pem->want_chain && pem_is_certificate(name))
			reason = take_certificate(pem->signer, base64);
		else if (pem->want_key && is_key(name))
			reason = take_key(pem, base64);
	}
	return reason;
}

static const char *
read_pem(struct pem *pem, int fd)
{
	static UNTOUCHED char text[SIGNER_FILE_MAX];
	struct stat status;

	if (fstat(fd, &status) == -1)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "not a regular file";
	ssize_t n = pread(fd, text, sizeof text, 0);

	if (n == -1)
		return strerror(errno);
	const char *reason = (size_t)n == sizeof text
				     ? "too large"
				     : decode_pem(pem, text, (size_t)n);

	explicit_bzero(text, (size_t)n);
	return reason;
}

static const char *
decode_key(struct signer *s, const struct pem *pem)
{
	/* The object identifiers of Ed25519 and Ed448, RFC 8410. */
	static const unsigned char ed[] = {0x06, 0x03, 0x2b, 0x65};

	if (pem->keys == 0)
		return "holds no private key";
	if (memmem(pem->der, pem->der_len, ed, sizeof ed) != NULL)
		return "Ed25519 and Ed448 keys are not supported";
	br_skey_decoder_init(&s->pair->key);
	br_skey_decoder_push(&s->pair->key, pem->der, pem->der_len);
	if (br_skey_decoder_last_error(&s->pair->key) != 0)
		return "not a private key of a known kind";
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
		return "not a private key of a known kind";
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

/* Looks at the leaf: dates, and whether the key is its own. */
static const char *
check_leaf(struct signer *s, const struct pem *pem)
{
	br_x509_decoder_context leaf;
	size_t len = (size_t)s->pair->chain[0] << 8 | s->pair->chain[1];

	br_x509_decoder_init(&leaf, NULL, NULL);
	br_x509_decoder_push(&leaf, s->pair->chain + 2, len);
	const br_x509_pkey *public = br_x509_decoder_get_pkey(&leaf);

	if (public == NULL)
		return "not a certificate with an EC or RSA key";
	s->expired = (int64_t)leaf.notafter_days - DAYS_TO_1970 <
		     clock_seconds() / 86400;
	return key_fits(s, pem, public) ? NULL : "certificate and key differ";
}

int
pair_load(struct signer *s, int certificate, int key)
{
	struct pem pem = {
		.signer = s, .want_chain = true, .want_key = key == -1};
	const char *file = "servercert.pem";

	s->type = KEY_NONE;
	s->chain_len = 0;
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
	explicit_bzero(&s->pair->key, sizeof s->pair->key);
	s->type = KEY_NONE;
	s->file = file;
	s->reason = reason;
	return -1;
}
