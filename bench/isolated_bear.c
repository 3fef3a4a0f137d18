/*
 * isolated_bear - isolated.c with TLS: BearSSL in the session with smtpd-auth's
 * curves, the key in the keeper, which signs a hash without looking at what
 * is signed. Certificate and entropy are there before the fork, so that there
 * is one turn to the keeper for TLS. Under tcpserver as root:
 * isolated_bear ec|rsa CERT KEY SINK EMPTY-DIRECTORY
 */
#include <string.h>
#include <sys/random.h>

#include "bench/bear_wire.h"
#include "bench/isolation.h"
#include "lib/curves.h"
#include "lib/sign.h"

#define HASH_LEN 32 /* SHA-256's, as in all that we sign */
#define SEED_LEN 32

static struct bear bear;
static unsigned char seed[SEED_LEN];
static const char *key_file;
static bool is_rsa;

/* -------------------------------------------------------- the keeper --- */

static int
load_key(void)
{
	return bear_load_key(&bear, key_file);
}

/* PKCS #1 wants the name of the hash in front: RFC 8017 §9.2. */
static size_t
sign_hash_rsa(unsigned char *out, const br_rsa_private_key *key,
	const unsigned char *hash)
{
	static const unsigned char exponent[] = {1, 0, 1};
	unsigned char info[] =
		"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03"
		"\x04\x02\x01\x05\x00\x04\x20"
		"................................";

	memcpy(info + sizeof info - 1 - HASH_LEN, hash, HASH_LEN);
	return sign_rsa(
		out, key, exponent, sizeof exponent, info, sizeof info - 1);
}

static size_t
sign(unsigned char *data, size_t len, size_t cap)
{
	const br_ec_private_key *ec = br_skey_decoder_get_ec(&bear.key);
	const br_rsa_private_key *rsa = br_skey_decoder_get_rsa(&bear.key);
	unsigned char hash[HASH_LEN];

	if (len != sizeof hash || cap < SIGN_RSA_MAX)
		return 0;
	memcpy(hash, data, len);
	return ec != NULL    ? sign_ecdsa(data, ec, hash, len)
	       : rsa != NULL ? sign_hash_rsa(data, rsa, hash)
			     : 0;
}

/* ------------------------------------------------------- the session --- */

static int
choose(const br_ssl_server_policy_class **policy,
	const br_ssl_server_context *server, br_ssl_server_choices *choices)
{
	size_t n;
	const br_suite_translated *suites =
		br_ssl_server_get_client_suites(server, &n);

	(void)policy;
	if (n == 0)
		return 0;
	choices->cipher_suite = suites[0][0];
	choices->algo_id = 0xFF00 + br_sha256_ID;
	choices->chain = &bear.chain;
	choices->chain_len = 1;
	return 1;
}

static size_t
do_sign(const br_ssl_server_policy_class **policy, unsigned algorithm,
	unsigned char *data, size_t hash_len, size_t cap)
{
	(void)policy;
	(void)algorithm;
	return isolation_ask_sign(data, hash_len, cap);
}

/* No suite of the profile has a key exchange that would need the key. */
static const br_ssl_server_policy_class policy_class = {
	sizeof(br_ssl_server_policy_class *), choose, NULL, do_sign};

static void
talk(struct canned *c)
{
	static const br_ssl_server_policy_class *policy = &policy_class;

	bear_profile(&bear, is_rsa);
	br_ssl_engine_set_ec(&bear.server.eng, curves());
	br_ssl_server_set_policy(&bear.server, &policy);
	bear.server.eng.rng_os_rand_done = 1;
	br_ssl_engine_inject_entropy(&bear.server.eng, seed, sizeof seed);
	(void)bear_talk(&bear, c);
}

int
main(int argc, char **argv)
{
	if (argc != 6 || bear_load_certificate(&bear, argv[2]) == -1 ||
		getrandom(seed, sizeof seed, 0) != sizeof seed)
		return 111;
	is_rsa = strcmp(argv[1], "rsa") == 0;
	key_file = argv[3];
	return isolation_run(&(struct isolation){.sink = argv[4],
		.empty = argv[5],
		.talk = talk,
		.load = load_key,
		.sign = sign});
}
