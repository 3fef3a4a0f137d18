/*
 * Unit test of keeper/signer.c: what is refused, and what a signature leaves
 * behind. It is made on a stack of its own, in which the key and the nonce are
 * looked for afterwards: with a signature that went over the wire, either is
 * the key.
 */
#include "keeper/signer.h"

#include <gmp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bignum.h"
#include "tests/tap.h"

#define STACK (1024 * 1024)
#define PIECE 16 /* octets in a row are no accident */

static _Alignas(4096) unsigned char stack[STACK];
static struct signer_pair pair;
static unsigned char input[CHANNEL_RANDOMS_LEN + 4 + 65];
static unsigned char signature[SIGNER_SIGNATURE_MAX];
static size_t signature_len;

struct work {
	struct signer signer;
	unsigned hash;
};

static void *
sign(void *context)
{
	struct work *w = context;

	signature_len = signer_sign(&w->signer, w->hash,
		(struct slice){(const char *)input, sizeof input}, signature);
	return NULL;
}

/* Signs on the stack, with a key in DER. */
static void
sign_apart(const unsigned char *der, size_t len, enum channel_key type)
{
	struct work w = {.signer = {.pair = &pair,
				 .certificate_fd = -1,
				 .key_fd = -1,
				 .type = type,
				 .exponent = {1, 0, 1},
				 .exponent_len = 3},
		.hash = br_sha256_ID};
	pthread_attr_t attributes;
	pthread_t thread;

	memset(stack, 0, sizeof stack);
	br_skey_decoder_init(&pair.key);
	br_skey_decoder_push(&pair.key, der, len);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, sizeof stack);
	if (pthread_create(&thread, &attributes, sign, &w) != 0)
		exit(1);
	pthread_join(thread, NULL);
}

static bool
lies_there(const unsigned char *octets, size_t len)
{
	for (size_t at = 0; at + PIECE <= len; at++)
		if (memmem(stack, sizeof stack, octets + at, PIECE) != NULL)
			return true;
	return false;
}

/* As BearSSL computes: words of 31 bits. Returns their octets. */
static size_t
words31(unsigned char *out, const unsigned char *number, size_t len)
{
	size_t size = (len * 8 + 30) / 31 * 4;

	memset(out, 0, size);
	for (size_t bit = 0; bit < len * 8; bit++)
		if (number[len - 1 - bit / 8] >> bit % 8 & 1)
			out[bit / 31 * 4 + bit % 31 / 8] |=
				(unsigned char)(1u << bit % 31 % 8);
	return size;
}

/*
 * Is any piece of the number (big-endian) on the stack: so, as nettle and GMP
 * have it, or as BearSSL has?
 */
static bool
is_left(const unsigned char *number, size_t len)
{
	unsigned char turned[512], words[600];
	size_t words_len = words31(words, number, len);

	for (size_t i = 0; i < len; i++)
		turned[i] = number[len - 1 - i];
	return lies_there(number, len) || lies_there(turned, len) ||
	       lies_there(words, words_len);
}

static size_t
depth(void)
{
	size_t at = 0;

	while (at < sizeof stack && stack[at] == 0)
		at++;
	return sizeof stack - at;
}

/* The nonce of a signature: (digest + r x) / s. Is it: does it give r? */
static bool
nonce(unsigned char *out, size_t len, int curve, const char *order,
	const unsigned char *x)
{
	unsigned char digest[32], raw[SIGNER_SIGNATURE_MAX], point[133];
	br_sha256_context hash;
	mpz_t n, r, s, k;

	br_sha256_init(&hash);
	br_sha256_update(&hash, input, sizeof input);
	br_sha256_out(&hash, digest);
	memcpy(raw, signature, signature_len);
	size_t half = br_ecdsa_asn1_to_raw(raw, signature_len) / 2;

	bignum_use();
	mpz_init_set_str(n, order, 16);
	mpz_inits(r, s, k, NULL);
	bignum_import(r, raw, half);
	bignum_import(s, raw + half, half);
	bignum_import(k, x, len);
	mpz_mul(k, k, r);
	bignum_import(r, digest, sizeof digest);
	mpz_add(k, k, r);
	mpz_invert(s, s, n);
	mpz_mul(k, k, s);
	mpz_mod(k, k, n);
	bignum_export(out, len, k);
	mpz_clears(n, r, s, k, NULL);
	(void)br_ec_get_default()->mulgen(point, out, len, curve);
	bignum_use();
	mpz_inits(r, s, NULL);
	bignum_import(r, raw, half);
	bignum_import(s, point + 1, len);
	bool same = mpz_cmp(r, s) == 0;

	mpz_clears(r, s, NULL);
	return same;
}

static void
test_ec(int curve, size_t len, const char *order, const char *name)
{
	br_hmac_drbg_context random;
	unsigned char octets[BR_EC_KBUF_PRIV_MAX_SIZE], der[256], k[72];
	br_ec_private_key key;
	char what[64];

	br_hmac_drbg_init(&random, &br_sha256_vtable, name, strlen(name));
	br_ec_keygen(&random.vtable, br_ec_get_default(), &key, octets, curve);
	sign_apart(der, br_encode_ec_raw_der(der, &key, NULL), KEY_EC);
	printf("# %s: %zu octets of stack\n", name, depth());
	snprintf(what, sizeof what, "%s: signs", name);
	ok(signature_len > 0 && nonce(k, len, curve, order, key.x), what);
	snprintf(what, sizeof what, "%s: no key on the stack", name);
	ok(!is_left(key.x, len), what);
	snprintf(what, sizeof what, "%s: no nonce on the stack", name);
	ok(!is_left(k, len), what);
}

static void
test_rsa(unsigned bits)
{
	static unsigned char octets[BR_RSA_KBUF_PRIV_SIZE(4096)],
		public_octets[BR_RSA_KBUF_PUB_SIZE(4096)], der[4096], d[512];
	br_hmac_drbg_context random;
	br_rsa_private_key key;
	br_rsa_public_key public;
	char what[64];

	br_hmac_drbg_init(&random, &br_sha256_vtable, "rsa", 3);
	if (!br_rsa_keygen_get_default()(&random.vtable, &key, octets, &public,
		    public_octets, bits, 65537))
		return;
	size_t d_len = br_rsa_compute_privexp_get_default()(d, &key, 65537);

	sign_apart(der, br_encode_rsa_raw_der(der, &key, &public, d, d_len),
		KEY_RSA);
	printf("# RSA %u: %zu octets of stack\n", bits, depth());
	snprintf(what, sizeof what, "RSA %u: signs", bits);
	ok(signature_len == bits / 8, what);
	snprintf(what, sizeof what, "RSA %u: no key on the stack", bits);
	ok(!is_left(key.p, key.plen) && !is_left(key.q, key.qlen) &&
			!is_left(key.dp, key.dplen) &&
			!is_left(key.dq, key.dqlen) &&
			!is_left(key.iq, key.iqlen),
		what);
}

int
main(void)
{
	static const unsigned char head[] = {3, 0, BR_EC_secp256r1, 65};

	memset(input, 'r', sizeof input);
	memcpy(input + CHANNEL_RANDOMS_LEN, head, sizeof head);
	test_ec(BR_EC_secp256r1, 32,
		"ffffffff00000000ffffffffffffffff"
		"bce6faada7179e84f3b9cac2fc632551",
		"P-256");
	test_ec(BR_EC_secp384r1, 48,
		"ffffffffffffffffffffffffffffffffffffffffffffffff"
		"c7634d81f4372ddf581a0db248b0a77aecec196accc52973",
		"P-384");
	test_ec(BR_EC_secp521r1, 66,
		"01"
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"ff"
		"fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e9138"
		"64"
		"09",
		"P-521");
	test_rsa(2048);
	test_rsa(3072);
	test_rsa(4096);
	return tap_done();
}
