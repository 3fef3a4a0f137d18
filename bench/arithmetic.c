/*
 * arithmetic - what each operation of a TLS handshake or a login costs by
 * itself, in microseconds, by each library that could do it: the least of many
 * rounds. Ours are the functions that smtpd-auth calls. libsodium is measured
 * without sodium_init(), which no jail would allow: arithmetic
 */
#include <bearssl.h>
#include <sodium/crypto_scalarmult.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/curves.h"
#include "lib/sign.h"
#include "users/secret.h"

#define ROUNDS 60
#define TURNS 4
#define BITS 2048
#define HASH_LEN 32
#define POINT_MAX 65

static unsigned char rsa_memory[BR_RSA_KBUF_PRIV_SIZE(BITS)];
static br_rsa_private_key rsa;
static unsigned char scalar[32], hash[HASH_LEN], point[POINT_MAX];
static const br_ec_private_key ec = {BR_EC_secp256r1, scalar, sizeof scalar};
static struct secret secret = {.kind = SECRET_SCRAM_SHA_256,
	.iterations = 16384,
	.salt = "0123456789abcdef",
	.salt_len = 16};
static const struct slice password = {"bench-secret", 12};

static void
must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	exit(111);
}

/* ------------------------------------------------------------- curves --- */

static size_t
length(int curve)
{
	return curve == BR_EC_curve25519 ? 32 : POINT_MAX;
}

static void
multiply(const br_ec_impl *impl, int curve, bool fixed)
{
	unsigned char out[POINT_MAX];

	memcpy(out, point, sizeof out);
	must(fixed ? impl->mulgen(out, scalar, sizeof scalar, curve) > 0
		   : impl->mul(out, length(curve), scalar, sizeof scalar,
			     curve) == 1,
		"a multiplication");
}

static void
x25519_bear(bool fixed)
{
	multiply(br_ec_get_default(), BR_EC_curve25519, fixed);
}

static void
x25519_ours(bool fixed)
{
	multiply(curves(), BR_EC_curve25519, fixed);
}

static void
x25519_sodium(bool fixed)
{
	unsigned char out[32];

	must((fixed ? crypto_scalarmult_base(out, scalar)
		    : crypto_scalarmult(out, scalar, point)) == 0,
		"libsodium");
}

static void
p256_bear(bool fixed)
{
	multiply(br_ec_get_default(), BR_EC_secp256r1, fixed);
}

static void
p256_ours(bool fixed)
{
	multiply(curves(), BR_EC_secp256r1, fixed);
}

/* --------------------------------------------------------- signatures --- */

static void
ecdsa(bool bear)
{
	unsigned char out[SIGN_ECDSA_MAX];

	must((bear ? br_ecdsa_sign_asn1_get_default()(br_ec_get_default(),
			     &br_sha256_vtable, hash, &ec, out)
		   : sign_ecdsa(out, &ec, hash, sizeof hash)) > 0,
		"ECDSA");
}

/* The name of the hash in front is left out on either side. */
static void
sign_with_rsa(bool bear)
{
	static const unsigned char exponent[] = {1, 0, 1};
	unsigned char out[SIGN_RSA_MAX];

	must(bear ? br_rsa_pkcs1_sign_get_default()(
			    NULL, hash, sizeof hash, &rsa, out) == 1
		  : sign_rsa(out, &rsa, exponent, sizeof exponent, hash,
			    sizeof hash) > 0,
		"RSA");
}

static void
check_password(bool unused)
{
	(void)unused;
	must(secret_check(&secret, password) == SECRET_MISMATCH, "secret");
}

/* ------------------------------------------------------------------------ */

static const struct {
	const char *what;
	void (*run)(bool flag);
	bool flag;
	int curve; /* that the point is on, or 0 */
} rows[] = {
	{"X25519, fixed point: BearSSL", x25519_bear, true, 0},
	{"X25519, fixed point: ours, nettle", x25519_ours, true, 0},
	{"X25519, fixed point: libsodium", x25519_sodium, true, 0},
	{"X25519, any point: BearSSL", x25519_bear, false, BR_EC_curve25519},
	{"X25519, any point: ours, nettle", x25519_ours, false,
		BR_EC_curve25519},
	{"X25519, any point: libsodium", x25519_sodium, false,
		BR_EC_curve25519},
	{"P-256, fixed point: BearSSL", p256_bear, true, 0},
	{"P-256, fixed point: ours, nettle", p256_ours, true, 0},
	{"P-256, any point: BearSSL", p256_bear, false, BR_EC_secp256r1},
	{"P-256, any point: ours, nettle", p256_ours, false, BR_EC_secp256r1},
	{"ECDSA P-256 signature: BearSSL", ecdsa, true, 0},
	{"ECDSA P-256 signature: ours, nettle", ecdsa, false, 0},
	{"RSA 2048 signature: BearSSL", sign_with_rsa, true, 0},
	{"RSA 2048 signature: ours, nettle", sign_with_rsa, false, 0},
	{"a password against 16384 iterations: ours, nettle", check_password,
		false, 0},
};

#define ROWS (sizeof rows / sizeof *rows)

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
measure(size_t i, double *least)
{
	if (rows[i].curve != 0)
		must(br_ec_get_default()->mulgen(
			     point, scalar, sizeof scalar, rows[i].curve) > 0,
			"a point");
	double started = now();

	for (int turn = 0; turn < TURNS; turn++)
		rows[i].run(rows[i].flag);
	double each = (now() - started) / TURNS;

	if (*least == 0 || each < *least)
		*least = each;
}

int
main(void)
{
	double least[ROWS] = {0};
	br_hmac_drbg_context random;

	br_hmac_drbg_init(&random, &br_sha256_vtable, "bench", 5);
	br_hmac_drbg_generate(&random, hash, sizeof hash);
	br_hmac_drbg_generate(&random, scalar, sizeof scalar);
	scalar[0] &= 0x7f; /* below the order of P-256 */
	must(br_rsa_keygen_get_default()(&random.vtable, &rsa, rsa_memory, NULL,
		     NULL, BITS, 65537) == 1,
		"an RSA key");
	for (int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < ROWS; i++)
			measure(i, &least[i]);
	for (size_t i = 0; i < ROWS; i++)
		printf("%.1f %s\n", least[i], rows[i].what);
	return 0;
}
