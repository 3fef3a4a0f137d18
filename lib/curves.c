/* curves - see curves.h. Run by the session. */
#include "lib/curves.h"

#include <nettle/curve25519.h>
#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <string.h>

#include "lib/bignum.h"

#define P256_LEN 32 /* octets of a coordinate and of a scalar */
#define P256_POINT (1 + 2 * P256_LEN)

/* ------------------------------------------------------------- X25519 --- */

/* All zero: the other side's point was of small order. RFC 7748 §6.1 */
static uint32_t
is_usable(const unsigned char point[CURVE25519_SIZE])
{
	unsigned char sum = 0;

	for (size_t i = 0; i < CURVE25519_SIZE; i++)
		sum |= point[i];
	return sum != 0;
}

/* The scalar is little-endian, as RFC 7748 §5 has it: in BearSSL, too. */
static uint32_t
x25519(unsigned char *point, size_t point_len, const unsigned char *x,
	size_t len)
{
	unsigned char result[CURVE25519_SIZE];

	if (point_len != CURVE25519_SIZE || len != CURVE25519_SIZE)
		return 0;
	curve25519_mul(result, x, point);
	memcpy(point, result, sizeof result);
	explicit_bzero(result, sizeof result);
	return is_usable(point);
}

/* -------------------------------------------------------------- P-256 --- */

/* 0, or -1 when the scalar is none below the order. */
static int
set_scalar(struct ecc_scalar *scalar, const unsigned char *x, size_t len)
{
	mpz_t number;

	mpz_init(number);
	bignum_import(number, x, len);
	int good = ecc_scalar_set(scalar, number);

	mpz_clear(number);
	return good ? 0 : -1;
}

static void
put_point(unsigned char out[P256_POINT], const struct ecc_point *point)
{
	mpz_t x, y;

	mpz_init(x);
	mpz_init(y);
	ecc_point_get(point, x, y);
	out[0] = 4;
	bignum_export(out + 1, P256_LEN, x);
	bignum_export(out + 1 + P256_LEN, P256_LEN, y);
	mpz_clear(y);
	mpz_clear(x);
}

/* Uncompressed, and on the curve. */
static int
take_point(struct ecc_point *point, const unsigned char in[P256_POINT])
{
	mpz_t x, y;

	mpz_init(x);
	mpz_init(y);
	bignum_import(x, in + 1, P256_LEN);
	bignum_import(y, in + 1 + P256_LEN, P256_LEN);
	int good = in[0] == 4 && ecc_point_set(point, x, y);

	mpz_clear(y);
	mpz_clear(x);
	return good ? 0 : -1;
}

/* point becomes x times itself, or x times the generator. */
static uint32_t
p256(unsigned char out[P256_POINT], const unsigned char *point,
	const unsigned char *x, size_t len)
{
	const struct ecc_curve *curve = nettle_get_secp_256r1();
	struct ecc_point start, result;
	struct ecc_scalar scalar;

	bignum_use();
	ecc_point_init(&start, curve);
	ecc_point_init(&result, curve);
	ecc_scalar_init(&scalar, curve);
	int good = set_scalar(&scalar, x, len);

	if (good == 0 && point != NULL)
		good = take_point(&start, point);
	if (good == 0) {
		if (point != NULL)
			ecc_point_mul(&result, &scalar, &start);
		else
			ecc_point_mul_g(&result, &scalar);
		put_point(out, &result);
	}
	ecc_scalar_clear(&scalar);
	ecc_point_clear(&result);
	ecc_point_clear(&start);
	return good == 0;
}

/* ------------------------------------------------- BearSSL's interface --- */

static uint32_t
mul(unsigned char *point, size_t point_len, const unsigned char *x, size_t len,
	int curve)
{
	bignum_use();
	if (curve == BR_EC_curve25519)
		return x25519(point, point_len, x, len);
	if (curve != BR_EC_secp256r1)
		return br_ec_get_default()->mul(
			point, point_len, x, len, curve);
	return point_len == P256_POINT && p256(point, point, x, len);
}

static size_t
mulgen(unsigned char *out, const unsigned char *x, size_t len, int curve)
{
	bignum_use();
	if (curve == BR_EC_curve25519) {
		if (len != CURVE25519_SIZE)
			return 0;
		curve25519_mul_g(out, x);
		return CURVE25519_SIZE;
	}
	if (curve != BR_EC_secp256r1)
		return br_ec_get_default()->mulgen(out, x, len, curve);
	return p256(out, NULL, x, len) ? P256_POINT : 0;
}

const br_ec_impl *
curves(void)
{
	static br_ec_impl impl;

	impl = *br_ec_get_default();
	impl.mul = mul;
	impl.mulgen = mulgen;
	return &impl;
}
