/*
 * tls - TLS begins: asks the keeper for what its tls.c answers. See tls.h. Run
 * by the session.
 *
 * The policy below answers BearSSL's questions by asking the keeper. An
 * algorithm number under 0xFF00 makes the engine hand over the raw
 * ServerKeyExchange input instead of a hash, so that the keeper can see what
 * it signs; the number itself is the SignatureAndHashAlgorithm on the wire
 * (RFC 5246 §7.4.1.4.1).
 */
#include "session/tls.h"

#include <string.h>
#include <unistd.h>

#include "lib/chain.h"
#include "lib/curves.h"
#include "session/session.h"
#include "session/suites.h"

#define SIGN_RSA 1
#define SIGN_ECDSA 3

static struct handshake *
handshake_of(const br_ssl_server_policy_class **policy)
{
	return (struct handshake *)(void *)policy;
}

/*
 * Asks for the chain that belongs to the client's server name. It stays in
 * the message: the engine has sent it before it asks for a signature.
 */
static int
fetch_chain(struct handshake *h, const br_ssl_server_context *server,
	br_ssl_server_choices *choices)
{
	struct slice name =
		slice_of(br_ssl_engine_get_server_name(&server->eng));
	struct channel_message *m = &h->session->packet;
	size_t at = 0, n = 0;

	channel_start(m, ASK_CERTIFICATE, 0);
	if (channel_add(m, name.data, name.len) == -1 ||
		channel_ask(h->session->stream.channel, m) != VERDICT_OK ||
		channel_take(m, &at, &h->facts, sizeof h->facts) == -1)
		return -1;
	struct slice rest = channel_rest(m, at), der;

	while (n < CHANNEL_CHAIN_MAX && chain_take(&rest, &der))
		h->chain[n++] = (br_x509_certificate){
			(unsigned char *)(uintptr_t)der.data, der.len};
	choices->chain = h->chain;
	choices->chain_len = n;
	return n > 0 && rest.len == 0 ? 0 : -1;
}

/* SHA-256 where the client can, and SHA-1 only where old TLS is allowed. */
static unsigned
choose_hash(const br_ssl_server_context *server, bool ecdsa)
{
	static const unsigned wanted[] = {
		br_sha256_ID, br_sha384_ID, br_sha512_ID, br_sha1_ID};
	uint32_t client = br_ssl_server_get_client_hashes(server);
	size_t n = server->eng.version_min < BR_TLS12 ? 4 : 3;

	if (server->eng.session.version < BR_TLS12)
		return ecdsa ? br_sha1_ID : 0;
	for (size_t i = 0; i < n; i++)
		if (client >> (wanted[i] + (ecdsa ? 8 : 0)) & 1)
			return wanted[i];
	return br_sha224_ID; /* the keeper refuses it */
}

static int
choose(const br_ssl_server_policy_class **policy,
	const br_ssl_server_context *server, br_ssl_server_choices *choices)
{
	struct handshake *h = handshake_of(policy);

	if (fetch_chain(h, server, choices) == -1)
		return 0;
	bool ecdsa = h->facts.key == KEY_EC;
	unsigned hash = choose_hash(server, ecdsa);

	if (hash == br_sha224_ID)
		return 0;
	choices->cipher_suite = suites_choose(server, ecdsa);
	choices->algo_id = hash << 8 | (ecdsa ? SIGN_ECDSA : SIGN_RSA);
	return choices->cipher_suite != 0;
}

/* No suite of ours has a key exchange that would need the key. */
static uint32_t
do_keyx(const br_ssl_server_policy_class **policy, unsigned char *data,
	size_t *len)
{
	(void)policy;
	(void)data;
	(void)len;
	return 0;
}

static size_t
do_sign(const br_ssl_server_policy_class **policy, unsigned algo_id,
	unsigned char *data, size_t hv_len, size_t len)
{
	struct handshake *h = handshake_of(policy);
	struct channel_message *m = &h->session->packet;

	channel_start(m, ASK_SIGN, algo_id >> 8);
	if (channel_add(m, data, hv_len) == -1 ||
		channel_ask(h->session->stream.channel, m) != VERDICT_OK ||
		m->len > len)
		return 0;
	memcpy(data, m->body, m->len);
	return m->len;
}

static const br_ssl_server_policy_class policy_class = {
	sizeof(struct handshake), choose, do_keyx, do_sign};

/*
 * Asks for a certificate of any authority, by an empty list (RFC 5246 §7.4.4):
 * with names in it, clients with GnuTLS or NSS keep a pinned certificate to
 * themselves. BearSSL 0.6 takes a list of no octets for "do not ask", so this
 * one has 2^24, of which the two that are written are 0; and its interpreter
 * takes the first length for the negative number that ends the names. Nothing
 * of them is ever read (tests/tls/request.t sees the message).
 */
static void
ask_for_any(br_ssl_server_context *server)
{
	static const br_x500_name names[] = {
		{NULL, 0x80000000u}, {NULL, 0x81000000u - 2 * 2}};

	br_ssl_server_set_trust_anchor_names(
		server, names, sizeof names / sizeof *names);
}

/* A client without a certificate, or with one of no use, is served too. */
static void
prepare_client_chain(br_ssl_server_context *server, struct client_chain *chain)
{
	br_ssl_engine_context *engine = &server->eng;

	client_chain_init(chain);
	ask_for_any(server);
	br_ssl_engine_set_x509(engine, &chain->class);
	br_ssl_engine_set_default_rsavrfy(engine);
	br_ssl_engine_set_default_ecdsa(engine);
	br_ssl_engine_add_flags(engine, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
}

/* What we speak, from TLS version min on. */
static void
set_up(br_ssl_engine_context *engine, unsigned min)
{
	br_ssl_engine_set_versions(engine, min, BR_TLS12);
	suites_set(engine, min);
	br_ssl_engine_set_ec(engine, curves());
	br_ssl_engine_set_default_chapol(engine);
	br_ssl_engine_set_hash(engine, br_sha256_ID, &br_sha256_vtable);
	br_ssl_engine_set_hash(engine, br_sha384_ID, &br_sha384_vtable);
	br_ssl_engine_set_hash(engine, br_sha512_ID, &br_sha512_vtable);
	br_ssl_engine_set_prf_sha256(engine, &br_tls12_sha256_prf);
	br_ssl_engine_set_prf_sha384(engine, &br_tls12_sha384_prf);
	if (min < BR_TLS12) {
		br_ssl_engine_set_default_aes_cbc(engine);
		br_ssl_engine_set_hash(engine, br_md5_ID, &br_md5_vtable);
		br_ssl_engine_set_hash(engine, br_sha1_ID, &br_sha1_vtable);
		br_ssl_engine_set_prf10(engine, &br_tls10_prf);
	}
	br_ssl_engine_add_flags(engine, BR_OPT_NO_RENEGOTIATION);
}

/* The engine, with the entropy that the keeper's answer to ASK_TLS holds. */
static int
prepare(struct session *s)
{
	struct handshake *h = &s->handshake;
	br_ssl_server_context *server = &s->records.server;

	h->policy = &policy_class;
	h->session = s;
	records_init(&s->records, &s->stream);
	set_up(&server->eng, s->config->tls_min);
	if (authmechs_wants(s->mechanisms, AUTHMECHS_CERTIFICATE))
		prepare_client_chain(server, &s->client);
	br_ssl_server_set_policy(server, &h->policy);
	br_ssl_engine_set_buffers_bidi(&server->eng, s->records.input,
		sizeof s->records.input, s->records.output,
		sizeof s->records.output);
	/* The engine's own seeder would open a file, which the jail forbids. */
	server->eng.rng_os_rand_done = 1;
	br_ssl_engine_inject_entropy(
		&server->eng, s->packet.body, CHANNEL_SEED_LEN);
	explicit_bzero(s->packet.body, CHANNEL_SEED_LEN);
	return br_ssl_server_reset(server) ? 0 : -1;
}

/* ---------------------------------------------- tells what came of it --- */

/* Before the keeper hears that TLS is on. */
static void
tell_client_chain(struct session *s)
{
	if (!authmechs_wants(s->mechanisms, AUTHMECHS_CERTIFICATE))
		return;
	struct slice chain = client_chain_proved(&s->client);

	if (chain.len == 0)
		return;
	channel_start(&s->packet, TELL_CLIENT, 0);
	if (channel_add(&s->packet, chain.data, chain.len) == -1 ||
		channel_send(s->channel, &s->packet) == -1)
		_exit(111);
	s->tls.has |= AUTHMECHS_CERTIFICATE;
}

static struct channel_tls
facts_of(struct records *r)
{
	br_ssl_engine_context *engine = &r->server.eng;
	struct channel_tls facts = {.version = 0};
	br_ssl_session_parameters session;

	if (!(br_ssl_engine_current_state(engine) & BR_SSL_SENDAPP)) {
		facts.error = br_ssl_engine_last_error(engine);
		facts.offered = hello_offered_ssl(
			&r->hello, r->server.client_max_version);
		return facts;
	}
	br_ssl_engine_get_session_parameters(engine, &session);
	facts.version = session.version;
	facts.suite = session.cipher_suite;
	explicit_bzero(&session, sizeof session);
	return facts;
}

/* For the log, and so that AUTH may count on TLS. */
static void
tell_tls(struct session *s)
{
	struct channel_tls told = facts_of(&s->records);
	struct slice sni =
		slice_of(br_ssl_engine_get_server_name(&s->records.server.eng));

	channel_start(&s->packet, TELL_TLS, 0);
	channel_add(&s->packet, &told, sizeof told);
	channel_add(&s->packet, sni.data, sni.len);
	if (s->stream.state == STREAM_KEEPER ||
		channel_send(s->channel, &s->packet) == -1)
		_exit(111);
}

enum reply
tls_start(struct session *s)
{
	session_forget_line(s);
	stream_time(&s->stream, CHANNEL_HANDSHAKE_MS);
	int result = prepare(s);

	if (result == 0)
		result = records_handshake(&s->records);
	if (result == 0)
		tell_client_chain(s);
	tell_tls(s);
	if (result == -1) {
		s->stream.output_len = 0;
		session_stream_failed(s);
		return session_stop(s, s->end, REPLY_NONE);
	}
	s->stream.tls = &s->records;
	s->tls.on = true;
	s->tls.has |= s->handshake.facts.bound ? AUTHMECHS_BINDING : 0u;
	s->esmtp = false;
	s->helo_len = 0;
	return REPLY_NONE;
}
