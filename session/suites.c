/* suites - see suites.h. Run by the session. */
#include "session/suites.h"

#ifdef __x86_64__
#include <cpuid.h>
#endif

/*
 * Best first, for an EC key and for one of RSA in turn; the client's own order
 * does not matter.
 */
static const uint16_t suites[] = {
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	/* The rest only where TLS 1.0 or 1.1 is allowed. */
	BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
};

#define MODERN 6
#define ALL (sizeof suites / sizeof *suites)
#define FILLING BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA /* BearSSL's first */

#ifdef __x86_64__
#define AES_AND_PCLMUL (bit_AES | bit_SSE4_1 | bit_PCLMUL)

/* BearSSL would ask four times, 3 to 5 us each in a virtual machine. */
static bool
has_instructions(void)
{
	unsigned a, b, c, d;

	__cpuid(1, a, b, c, d);
	return (c & AES_AND_PCLMUL) == AES_AND_PCLMUL;
}

static void
set_aes_gcm(br_ssl_engine_context *engine)
{
	if (!has_instructions()) {
		br_ssl_engine_set_default_aes_gcm(engine);
		return;
	}
	br_ssl_engine_set_gcm(
		engine, &br_sslrec_in_gcm_vtable, &br_sslrec_out_gcm_vtable);
	br_ssl_engine_set_aes_ctr(engine, &br_aes_x86ni_ctr_vtable);
	br_ssl_engine_set_ghash(engine, &br_ghash_pclmul);
}
#else
static void
set_aes_gcm(br_ssl_engine_context *engine)
{
	br_ssl_engine_set_default_aes_gcm(engine);
}
#endif

void
suites_set(br_ssl_engine_context *engine, unsigned min)
{
	br_ssl_engine_set_suites(engine, suites, min < BR_TLS12 ? ALL : MODERN);
	set_aes_gcm(engine);
	br_ssl_engine_add_flags(engine, BR_OPT_ENFORCE_SERVER_PREFERENCES);
}

static bool
is_for(uint16_t suite, bool ecdsa)
{
	for (size_t i = ecdsa ? 0 : 1; i < ALL; i += 2)
		if (suites[i] == suite)
			return true;
	return false;
}

uint16_t
suites_choose(const br_ssl_server_context *server, bool ecdsa)
{
	size_t n;
	const br_suite_translated *common =
		br_ssl_server_get_client_suites(server, &n);

	for (size_t i = 0; i < n; i++)
		if (is_for(common[i][0], ecdsa))
			return common[i][0];
	return 0;
}

bool
suites_known(const br_ssl_server_context *server)
{
	return server->eng.session.version != 0;
}

/* Behind our own list it puts nothing there. */
void
suites_fill(br_ssl_server_context *server)
{
	if (suites_known(server))
		return;
	for (size_t i = server->eng.suites_num; i < BR_MAX_CIPHER_SUITES; i++)
		server->client_suites[i][0] = FILLING;
}
