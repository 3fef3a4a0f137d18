/*
 * tls - see tls.h. Run by the session.
 *
 * The policy below answers BearSSL's questions by asking the keeper. An
 * algorithm number under 0xFF00 makes the engine hand over the raw
 * ServerKeyExchange input instead of a hash, so that the keeper can see what
 * it signs; the number itself is the SignatureAndHashAlgorithm on the wire
 * (RFC 5246 §7.4.1.4.1).
 */
#include "session/tls.h"

#include <string.h>

#include "lib/curves.h"
#include "session/stream.h"

#define SIGN_RSA 1
#define SIGN_ECDSA 3

/* Best first; the client's own order does not matter. */
static const uint16_t suites_1_2[] = {
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

#define SUITES_MODERN 6
#define SUITES_ALL (sizeof suites_1_2 / sizeof *suites_1_2)

static bool
is_ecdsa(uint16_t suite)
{
	switch (suite) {
	case BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256:
	case BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:
	case BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:
	case BR_TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA:
	case BR_TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA:
		return true;
	default:
		return false;
	}
}

static struct tls *
tls_of(const br_ssl_server_policy_class **policy)
{
	return (struct tls *)(void *)policy;
}

/* Asks for the chain that belongs to the client's server name. */
static int
fetch_chain(struct tls *t, br_ssl_server_choices *choices)
{
	struct slice name =
		slice_of(br_ssl_engine_get_server_name(&t->server.eng));
	struct channel_message *m = t->message;
	size_t at = 0, n = 0;

	channel_start(m, ASK_CERTIFICATE, 0);
	if (channel_add(m, name.data, name.len) == -1 ||
		channel_ask(t->wire->channel, m) != VERDICT_OK ||
		channel_take(m, &at, &t->facts, sizeof t->facts) == -1)
		return -1;
	size_t used = m->len - at;

	memcpy(t->certificates, m->body + at, used);
	for (at = 0; used - at >= 2 && n < sizeof t->chain / sizeof *t->chain;
		n++) {
		size_t len = (size_t)t->certificates[at] << 8 |
			     t->certificates[at + 1];

		at += 2;
		if (len > used - at)
			return -1;
		t->chain[n].data = t->certificates + at;
		t->chain[n].data_len = len;
		at += len;
	}
	choices->chain = t->chain;
	choices->chain_len = n;
	return n > 0 ? 0 : -1;
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
	struct tls *t = tls_of(policy);
	size_t n;
	const br_suite_translated *suites =
		br_ssl_server_get_client_suites(server, &n);

	if (fetch_chain(t, choices) == -1)
		return 0;
	bool ecdsa = t->facts.key == KEY_EC;
	unsigned hash = choose_hash(server, ecdsa);

	if (hash == br_sha224_ID)
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (is_ecdsa(suites[i][0]) != ecdsa)
			continue;
		choices->cipher_suite = suites[i][0];
		choices->algo_id = hash << 8 | (ecdsa ? SIGN_ECDSA : SIGN_RSA);
		return 1;
	}
	return 0;
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
	struct tls *t = tls_of(policy);
	struct channel_message *m = t->message;

	channel_start(m, ASK_SIGN, algo_id >> 8);
	if (channel_add(m, data, hv_len) == -1 ||
		channel_ask(t->wire->channel, m) != VERDICT_OK || m->len > len)
		return 0;
	memcpy(data, m->body, m->len);
	return m->len;
}

static const br_ssl_server_policy_class policy_class = {
	sizeof(struct tls), choose, do_keyx, do_sign};

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
prepare_client_chain(struct tls *t)
{
	br_ssl_engine_context *engine = &t->server.eng;

	ask_for_any(&t->server);
	client_chain_init(&t->client);
	br_ssl_engine_set_x509(engine, &t->client.class);
	br_ssl_engine_set_default_rsavrfy(engine);
	br_ssl_engine_set_default_ecdsa(engine);
	br_ssl_engine_add_flags(engine, BR_OPT_TOLERATE_NO_CLIENT_AUTH);
}

int
tls_init(struct tls *t, struct stream *wire, struct channel_message *message,
	unsigned min, bool ask_client, const void *seed)
{
	br_ssl_server_context *server = &t->server;
	br_ssl_engine_context *engine = &server->eng;

	t->policy = &policy_class;
	t->wire = wire;
	t->records_len = t->hello.len = 0;
	t->message = message;
	t->ask_client = ask_client;
	br_ssl_server_zero(server);
	br_ssl_engine_set_versions(engine, min, BR_TLS12);
	br_ssl_engine_set_suites(engine, suites_1_2,
		min < BR_TLS12 ? SUITES_ALL : SUITES_MODERN);
	br_ssl_engine_set_ec(engine, curves());
	br_ssl_engine_set_default_aes_gcm(engine);
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
	br_ssl_engine_add_flags(engine,
		BR_OPT_ENFORCE_SERVER_PREFERENCES | BR_OPT_NO_RENEGOTIATION);
	if (ask_client)
		prepare_client_chain(t);
	br_ssl_server_set_policy(server, &t->policy);
	br_ssl_engine_set_buffer(engine, t->buffer, sizeof t->buffer, 1);
	/* The engine's own seeder would open a file, which the jail forbids. */
	engine->rng_os_rand_done = 1;
	br_ssl_engine_inject_entropy(engine, seed, CHANNEL_SEED_LEN);
	return br_ssl_server_reset(server) ? 0 : -1;
}

static int
flush(struct tls *t)
{
	struct slice records = {t->records, t->records_len};

	t->records_len = 0;
	return records.len == 0 ? 0 : stream_wire_write(t->wire, records);
}

static int
push_input(struct tls *t)
{
	struct slice input;
	size_t room;

	if (flush(t) == -1 || stream_wire_next(t->wire, &input) == -1)
		return -1;
	unsigned char *to = br_ssl_engine_recvrec_buf(&t->server.eng, &room);
	size_t len = input.len < room ? input.len : room;

	memcpy(to, input.data, len);
	hello_add(&t->hello, to, len);
	t->wire->input_start += len;
	br_ssl_engine_recvrec_ack(&t->server.eng, len);
	return 0;
}

/*
 * Small records wait for each other until something must be read: each write
 * may wake the client.
 */
static int
pull_output(struct tls *t)
{
	size_t len;
	unsigned char *from = br_ssl_engine_sendrec_buf(&t->server.eng, &len);

	hello_name_version(from, t->server.client_max_version);
	if (len > sizeof t->records - t->records_len && flush(t) == -1)
		return -1;
	if (len <= sizeof t->records) {
		memcpy(t->records + t->records_len, from, len);
		t->records_len += len;
	} else if (stream_wire_write(t->wire,
			   (struct slice){(const char *)from, len}) == -1) {
		return -1;
	}
	br_ssl_engine_sendrec_ack(&t->server.eng, len);
	return 0;
}

/* Moves records until the engine is in one of the wanted states. */
static int
run(struct tls *t, unsigned wanted)
{
	for (;;) {
		unsigned state = br_ssl_engine_current_state(&t->server.eng);

		if (state & BR_SSL_CLOSED) {
			if (t->wire->state == STREAM_OPEN)
				t->wire->state = br_ssl_engine_last_error(
							 &t->server.eng) == 0
							 ? STREAM_EOF
							 : STREAM_GONE;
			return -1;
		}
		if (state & BR_SSL_SENDREC) {
			if (pull_output(t) == -1)
				return -1;
			continue;
		}
		if (state & wanted)
			return 0;
		if (!(state & BR_SSL_RECVREC) || push_input(t) == -1)
			return -1;
	}
}

int
tls_handshake(struct tls *t)
{
	int result = run(t, BR_SSL_SENDAPP);

	if (result == -1)
		(void)flush(t); /* the alert that says why */
	return result;
}

size_t
tls_buffered(struct tls *t)
{
	size_t len = 0;

	if (br_ssl_engine_current_state(&t->server.eng) & BR_SSL_RECVAPP)
		br_ssl_engine_recvapp_buf(&t->server.eng, &len);
	return len;
}

int
tls_next(struct tls *t, struct slice *input)
{
	if (run(t, BR_SSL_RECVAPP) == -1)
		return -1;
	input->data = (const char *)br_ssl_engine_recvapp_buf(
		&t->server.eng, &input->len);
	return 0;
}

void
tls_consume(struct tls *t, size_t len)
{
	if (len > 0)
		br_ssl_engine_recvapp_ack(&t->server.eng, len);
}

int
tls_write(struct tls *t, struct slice text)
{
	while (text.len > 0) {
		size_t room;

		if (run(t, BR_SSL_SENDAPP) == -1)
			return -1;
		unsigned char *to =
			br_ssl_engine_sendapp_buf(&t->server.eng, &room);
		size_t len = text.len < room ? text.len : room;

		memcpy(to, text.data, len);
		br_ssl_engine_sendapp_ack(&t->server.eng, len);
		text = slice_from(text, len);
	}
	br_ssl_engine_flush(&t->server.eng, 0);
	while (br_ssl_engine_current_state(&t->server.eng) & BR_SSL_SENDREC)
		if (pull_output(t) == -1)
			return -1;
	return 0;
}

void
tls_close(struct tls *t)
{
	br_ssl_engine_close(&t->server.eng);
	while (br_ssl_engine_current_state(&t->server.eng) & BR_SSL_SENDREC)
		if (pull_output(t) == -1)
			return;
	(void)flush(t);
}

void
tls_wipe(struct tls *t)
{
	explicit_bzero(t->buffer, sizeof t->buffer);
}

struct slice
tls_client_chain(const struct tls *t)
{
	if (!t->ask_client)
		return (struct slice){NULL, 0};
	return client_chain_proved(&t->client);
}

void
tls_facts(struct tls *t, struct channel_tls *facts, struct slice *sni)
{
	br_ssl_session_parameters session;

	*facts = (struct channel_tls){.version = 0};
	*sni = slice_of(br_ssl_engine_get_server_name(&t->server.eng));
	if (!(br_ssl_engine_current_state(&t->server.eng) & BR_SSL_SENDAPP)) {
		facts->error = br_ssl_engine_last_error(&t->server.eng);
		facts->offered = hello_offered_ssl(
			&t->hello, t->server.client_max_version);
		return;
	}
	br_ssl_engine_get_session_parameters(&t->server.eng, &session);
	facts->version = session.version;
	facts->suite = session.cipher_suite;
	explicit_bzero(&session, sizeof session);
}
