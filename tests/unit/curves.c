/*
 * Unit test of lib/curves.c: RFC 7748 §5.2 and §6.1, BearSSL's own results,
 * points that are none or of small order.
 */
#include "lib/curves.h"

#include <stdlib.h>

#include "lib/bignum.h"
#include "lib/hex.h"
#include "tests/tap.h"

#define TRIES 60

static unsigned char text_octets[80];

/* Octets of hexadecimal digits. */
static const unsigned char *
octets(const char *digits)
{
	for (size_t i = 0; digits[2 * i] != '\0'; i++) {
		char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};

		text_octets[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return text_octets;
}

static void
vector(const char *scalar, const char *u, const char *result)
{
	unsigned char x[32], point[32];

	memcpy(x, octets(scalar), sizeof x);
	memcpy(point, octets(u), sizeof point);
	ok(curves()->mul(point, 32, x, 32, BR_EC_curve25519) == 1 &&
			memcmp(point, octets(result), 32) == 0,
		"X25519: as RFC 7748 has it");
}

static void
fill(unsigned char *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)(rand() >> 8);
}

/* Scalars as the engine makes them: below the order, odd. */
static void
as_bearssl(int curve, const char *what)
{
	const br_ec_impl *ours = curves(), *theirs = br_ec_get_default();
	unsigned same_base = 0, same = 0;

	for (int i = 0; i < TRIES; i++) {
		unsigned char x[66], a[133], b[133];
		size_t order_len, len;

		ours->order(curve, &order_len);
		fill(x, order_len);
		x[0] &= curve == BR_EC_secp521r1 ? 0 : 0x7f;
		x[order_len - 1] |= 1;
		len = ours->mulgen(a, x, order_len, curve);
		same_base += theirs->mulgen(b, x, order_len, curve) == len &&
			     len > 0 && memcmp(a, b, len) == 0;
		fill(x, order_len);
		x[0] &= curve == BR_EC_secp521r1 ? 0 : 0x7f;
		same += ours->mul(a, len, x, order_len, curve) == 1 &&
			theirs->mul(b, len, x, order_len, curve) == 1 &&
			memcmp(a, b, len) == 0;
	}
	ok(same_base == TRIES && same == TRIES, what);
}

static void
refused(const unsigned char *point, size_t len, int curve, const char *what)
{
	unsigned char copy[66], x[32] = {0x12, 0x34, [31] = 0x57};

	memcpy(copy, point, len);
	ok(curves()->mul(copy, len, x, sizeof x, curve) == 0, what);
}

int
main(void)
{
	unsigned char point[65] = {4}, x[33] = {1};

	vector("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449"
	       "ac4",
		"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1"
		"c4c",
		"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28"
		"552");
	vector("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918b"
	       "a0d",
		"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a"
		"493",
		"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7"
		"957");
	as_bearssl(BR_EC_curve25519, "X25519: as BearSSL");
	as_bearssl(BR_EC_secp256r1, "P-256: as BearSSL");
	as_bearssl(BR_EC_secp384r1, "P-384: BearSSL's");
	as_bearssl(BR_EC_secp521r1, "P-521: BearSSL's");
	ok(curves()->supported_curves == br_ec_get_default()->supported_curves,
		"no curve is missing");
	/* RFC 7748 §6.1, and the points that D. J. Bernstein lists. */
	refused(octets("000000000000000000000000000000000000000000000000000000"
		       "0000000000"),
		32, BR_EC_curve25519, "X25519: 0");
	refused(octets("010000000000000000000000000000000000000000000000000000"
		       "0000000000"),
		32, BR_EC_curve25519, "X25519: 1, of order 4");
	refused(octets("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205"
		       "165f49b800"),
		32, BR_EC_curve25519, "X25519: of order 8");
	refused(octets("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224e"
		       "ddd09f1157"),
		32, BR_EC_curve25519, "X25519: the other of order 8");
	refused(octets("ecffffffffffffffffffffffffffffffffffffffffffffffffffff"
		       "ffffffff7f"),
		32, BR_EC_curve25519, "X25519: p - 1");
	refused(octets("edffffffffffffffffffffffffffffffffffffffffffffffffffff"
		       "ffffffff7f"),
		32, BR_EC_curve25519, "X25519: p");
	refused(point, 31, BR_EC_curve25519, "X25519: too short");
	refused(point, 65, BR_EC_secp256r1, "P-256: not on the curve");
	size_t len;

	memcpy(point, curves()->generator(BR_EC_secp256r1, &len), 65);
	refused(point, 64, BR_EC_secp256r1, "P-256: too short");
	point[0] = 2;
	refused(point, 65, BR_EC_secp256r1, "P-256: compressed");
	point[0] = 4;
	ok(curves()->mul(point, 65, x, sizeof x, BR_EC_secp256r1) == 0,
		"P-256: a scalar over the order");
	memset(x, 0, sizeof x);
	ok(curves()->mulgen(point, x, 32, BR_EC_secp256r1) == 0,
		"P-256: the scalar 0");
	ok(bignum_peak() > 0 && bignum_peak() < BIGNUM_MEMORY / 4,
		"a quarter of the memory is enough for all of it");
	ok(bignum_is_clean(), "nothing is left in it");
	return tap_done();
}
