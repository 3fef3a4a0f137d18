/*
 * Unit test of session/suites.c, with BearSSL's engine between it and a client:
 * what is chosen, and that filling changes nothing but the time, in whatever
 * pieces the ClientHello comes.
 */
#include "session/suites.h"

#include <string.h>

#include "lib/curves.h"
#include "tests/tap.h"

#define OURS 6

/* The server's policy: looks, and refuses. */
struct seen {
	const br_ssl_server_policy_class *class;
	bool asked;
	size_t common; /* places that the engine looked up and found */
	uint16_t ec, rsa;
};

static br_ssl_client_context client;
static br_ssl_server_context server;
static br_x509_minimal_context unused;
static unsigned char client_buffer[BR_SSL_BUFSIZE_BIDI];
static unsigned char server_buffer[BR_SSL_BUFSIZE_BIDI];

static int
choose(const br_ssl_server_policy_class **policy,
	const br_ssl_server_context *context, br_ssl_server_choices *choices)
{
	struct seen *seen = (struct seen *)(void *)policy;

	(void)choices;
	seen->asked = true;
	br_ssl_server_get_client_suites(context, &seen->common);
	seen->ec = suites_choose(context, true);
	seen->rsa = suites_choose(context, false);
	return 0;
}

static const br_ssl_server_policy_class policy_class = {
	sizeof(struct seen), choose, NULL, NULL};

static void
start_client(const uint16_t *suites, size_t count)
{
	br_ssl_client_init_full(&client, &unused, NULL, 0);
	if (suites != NULL)
		br_ssl_engine_set_suites(&client.eng, suites, count);
	br_ssl_engine_set_buffer(
		&client.eng, client_buffer, sizeof client_buffer, 1);
	br_ssl_client_reset(&client, "mx.example.org", 0);
}

static void
start_server(struct seen *seen, unsigned min)
{
	br_ssl_engine_context *engine = &server.eng;

	br_ssl_server_zero(&server);
	br_ssl_engine_set_versions(engine, min, BR_TLS12);
	suites_set(engine, min);
	br_ssl_engine_set_ec(engine, curves());
	br_ssl_engine_set_hash(engine, br_sha1_ID, &br_sha1_vtable);
	br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_buffer(
		engine, server_buffer, sizeof server_buffer, 1);
	*seen = (struct seen){.class = &policy_class};
	br_ssl_server_set_policy(&server, &seen->class);
	br_ssl_server_reset(&server);
}

/* The client's first record, piece octets at a time, the last one alone. */
static void
greet(bool fill, size_t piece)
{
	size_t len, room;
	unsigned char *hello = br_ssl_engine_sendrec_buf(&client.eng, &len);

	for (size_t at = 0; at < len;) {
		size_t n = at + piece < len ? piece
			   : at == len - 1  ? 1
					    : len - 1 - at;
		unsigned char *to =
			br_ssl_engine_recvrec_buf(&server.eng, &room);

		if (to == NULL)
			return;
		if (n > room)
			n = room;
		memcpy(to, hello + at, n);
		br_ssl_engine_recvrec_ack(&server.eng, n);
		if (fill)
			suites_fill(&server);
		at += n;
	}
}

static struct seen
offer(const uint16_t *suites, size_t count, unsigned min, bool fill,
	size_t piece)
{
	struct seen seen;

	start_client(suites, count);
	start_server(&seen, min);
	ok(!suites_known(&server), "before the ClientHello nothing is known");
	greet(fill, piece);
	ok(suites_known(&server), "... and then it is");
	return seen;
}

static void
check(const char *what, const uint16_t *suites, size_t count, unsigned min,
	uint16_t ec, uint16_t rsa)
{
	printf("# %s\n", what);
	struct seen plain = offer(suites, count, min, false, 65536);

	ok(plain.ec == ec && plain.rsa == rsa, "the best for each key");
	for (size_t piece = 1; piece < 1000; piece = piece * 3 + 4) {
		struct seen filled = offer(suites, count, min, true, piece);

		ok(filled.asked && filled.ec == ec && filled.rsa == rsa,
			"the same with the places filled");
		ok(filled.common == plain.common + BR_MAX_CIPHER_SUITES -
					    (min < BR_TLS12 ? 10 : OURS),
			"which they are");
	}
}

/* By one question to the processor what BearSSL chooses by four. */
static void
check_instructions(void)
{
	static br_ssl_server_context own;
	struct seen seen;

	start_server(&seen, BR_TLS12);
	br_ssl_engine_set_default_aes_gcm(&own.eng);
	ok(server.eng.iaes_ctr == own.eng.iaes_ctr &&
			server.eng.ighash == own.eng.ighash &&
			server.eng.igcm_in == own.eng.igcm_in &&
			server.eng.igcm_out == own.eng.igcm_out,
		"the code for AES-GCM is BearSSL's own choice");
}

int
main(void)
{
	static const uint16_t modern[] = {
		BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384};
	static const uint16_t old[] = {BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA,
		BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA};
	static const uint16_t filling[] = {BR_TLS_RSA_WITH_3DES_EDE_CBC_SHA};

	check("all that BearSSL has", NULL, 0, BR_TLS12,
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256);
	check("a few", modern, 3, BR_TLS12,
		BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256);
	check("old ones", old, 2, BR_TLS10, 0,
		BR_TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA);
	printf("# nothing in common but what the places are filled with\n");
	struct seen seen = offer(filling, 1, BR_TLS12, true, 100);

	ok(seen.ec == 0 && seen.rsa == 0, "is nothing in common");
	check_instructions();
	return tap_done();
}
