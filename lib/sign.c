/* sign - see sign.h. Run by the keeper. */
#include "lib/sign.h"

#include <errno.h>
#include <nettle/dsa.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecdsa.h>
#include <nettle/rsa.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/bignum.h"

#define P256_LEN 32

/* A nonce that is not random gives the key away: rather no process. */
static void
fill(void *context, size_t len, uint8_t *out)
{
	(void)context;
	while (len > 0) {
		ssize_t n = getrandom(out, len, 0);

		if (n == -1 && errno != EINTR)
			_exit(111);
		if (n > 0) {
			out += n;
			len -= (size_t)n;
		}
	}
}

size_t
sign_ecdsa(unsigned char out[SIGN_ECDSA_MAX], const br_ec_private_key *key,
	const unsigned char *digest, size_t len)
{
	unsigned char raw[2 * P256_LEN];
	struct dsa_signature signature;
	struct ecc_scalar scalar;
	mpz_t x;

	if (key->curve != BR_EC_secp256r1)
		return 0;
	bignum_use();
	mpz_init(x);
	dsa_signature_init(&signature);
	ecc_scalar_init(&scalar, nettle_get_secp_256r1());
	bignum_import(x, key->x, key->xlen);
	int good = ecc_scalar_set(&scalar, x);

	if (good) {
		ecdsa_sign(&scalar, NULL, fill, len, digest, &signature);
		bignum_export(raw, P256_LEN, signature.r);
		bignum_export(raw + P256_LEN, P256_LEN, signature.s);
	}
	ecc_scalar_clear(&scalar);
	dsa_signature_clear(&signature);
	mpz_clear(x);
	if (!good)
		return 0;
	memcpy(out, raw, sizeof raw);
	return br_ecdsa_raw_to_asn1(out, sizeof raw);
}

/* n = pq; nettle takes the exponents of the key as BearSSL has them. */
static int
set_rsa(struct rsa_public_key *public, struct rsa_private_key *private,
	const br_rsa_private_key *key, const unsigned char *exponent,
	size_t exponent_len)
{
	bignum_import(private->p, key->p, key->plen);
	bignum_import(private->q, key->q, key->qlen);
	bignum_import(private->a, key->dp, key->dplen);
	bignum_import(private->b, key->dq, key->dqlen);
	bignum_import(private->c, key->iq, key->iqlen);
	bignum_import(public->e, exponent, exponent_len);
	mpz_mul(public->n, private->p, private->q);
	return rsa_public_key_prepare(public) &&
			       rsa_private_key_prepare(private) &&
			       public->size <= SIGN_RSA_MAX
		       ? 0
		       : -1;
}

size_t
sign_rsa(unsigned char out[SIGN_RSA_MAX], const br_rsa_private_key *key,
	const unsigned char *exponent, size_t exponent_len,
	const unsigned char *info, size_t len)
{
	struct rsa_public_key public;
	struct rsa_private_key private;
	size_t size = 0;
	mpz_t signature;

	bignum_use();
	rsa_public_key_init(&public);
	rsa_private_key_init(&private);
	mpz_init(signature);
	if (set_rsa(&public, &private, key, exponent, exponent_len) == 0 &&
		rsa_pkcs1_sign_tr(
			&public, &private, NULL, fill, len, info, signature)) {
		size = public.size;
		bignum_export(out, size, signature);
	}
	mpz_clear(signature);
	rsa_private_key_clear(&private);
	rsa_public_key_clear(&public);
	return size;
}
