/* Unit test of lib/sign.c: BearSSL verifies, and makes the same of RSA. */
#include "lib/sign.h"

#include <stdlib.h>

#include "lib/bignum.h"
#include "tests/tap.h"

static unsigned char digest[64];

static void
ecdsa(void)
{
	static const size_t lens[] = {20, 32, 48, 64};
	unsigned char x[32], q[65], out[SIGN_ECDSA_MAX], last[SIGN_ECDSA_MAX];
	br_ec_private_key key = {BR_EC_secp256r1, x, sizeof x};
	br_ec_public_key public;
	unsigned good = 0, alike = 0;

	for (int i = 0; i < 64; i++) {
		const br_ec_impl *impl = br_ec_get_default();

		for (size_t n = 0; n < sizeof x; n++)
			x[n] = (unsigned char)(rand() >> 8);
		x[0] &= 0x7f;
		for (size_t n = 0; n < sizeof digest; n++)
			digest[n] = (unsigned char)(rand() >> 8);
		size_t digest_len = lens[i % 4];
		size_t len = sign_ecdsa(out, &key, digest, digest_len);

		br_ec_compute_pub(impl, &public, q, &key);
		good += len > 0 &&
			br_ecdsa_vrfy_asn1_get_default()(impl, digest,
				digest_len, &public, out, len) == 1;
		alike += i > 0 && memcmp(out, last, sizeof out) == 0;
		memcpy(last, out, sizeof out);
	}
	ok(good == 64, "ECDSA: BearSSL takes each signature");
	ok(alike == 0, "ECDSA: no two are alike");
	memset(x, 0, sizeof x);
	ok(sign_ecdsa(out, &key, digest, 32) == 0, "ECDSA: the key 0 is none");
	memset(x, 0xff, sizeof x);
	ok(sign_ecdsa(out, &key, digest, 32) == 0,
		"ECDSA: nor is one over the order");
	key.curve = BR_EC_secp384r1;
	ok(sign_ecdsa(out, &key, digest, 32) == 0, "ECDSA: P-256 only");
}

static void
rsa(unsigned bits)
{
	static unsigned char secret[BR_RSA_KBUF_PRIV_SIZE(4096)],
		public_octets[BR_RSA_KBUF_PUB_SIZE(4096)];
	static const unsigned char exponent[] = {1, 0, 1}, other[] = {3};
	unsigned char ours[SIGN_RSA_MAX], theirs[SIGN_RSA_MAX];
	/* DigestInfo of SHA-256, RFC 8017 §9.2. */
	unsigned char info[19 + 32] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
		0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
		0x04, 0x20};
	br_hmac_drbg_context random;
	br_rsa_private_key key;
	br_rsa_public_key public;
	char what[64];

	br_hmac_drbg_init(&random, &br_sha256_vtable, "seed", 4);
	if (!br_rsa_keygen_get_default()(&random.vtable, &key, secret, &public,
		    public_octets, bits, 65537))
		return;
	memcpy(info + 19, digest, 32);
	size_t len = sign_rsa(
		ours, &key, exponent, sizeof exponent, info, sizeof info);

	br_rsa_pkcs1_sign_get_default()(
		BR_HASH_OID_SHA256, digest, 32, &key, theirs);
	snprintf(what, sizeof what, "RSA %u: the same as BearSSL's", bits);
	ok(len == bits / 8 && memcmp(ours, theirs, len) == 0, what);
	snprintf(what, sizeof what, "RSA %u: not with another exponent", bits);
	ok(sign_rsa(ours, &key, other, sizeof other, info, sizeof info) == 0,
		what);
	snprintf(what, sizeof what, "RSA %u: MD5 and SHA-1", bits);
	ok(sign_rsa(ours, &key, exponent, sizeof exponent, digest, 36) == len &&
			br_rsa_pkcs1_sign_get_default()(
				NULL, digest, 36, &key, theirs) == 1 &&
			memcmp(ours, theirs, len) == 0,
		what);
	secret[3] ^= 1;
	snprintf(
		what, sizeof what, "RSA %u: a damaged key signs nothing", bits);
	ok(sign_rsa(ours, &key, exponent, sizeof exponent, info, sizeof info) ==
			0,
		what);
}

int
main(void)
{
	ecdsa();
	rsa(2048);
	rsa(3072);
	rsa(4096);
	ok(bignum_peak() < BIGNUM_MEMORY / 2,
		"half of the memory is enough for all of it");
	ok(bignum_is_clean(), "nothing is left in it");
	return tap_done();
}
