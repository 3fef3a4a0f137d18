/* tls - see tls.h: chain, one signature, facts. Run by the keeper. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "control/authmechs.h"
#include "keeper/find_pair.h"
#include "keeper/keeper.h"

/* Names for the log, by number of the IANA registry; ECDHE suites only. */
static const struct {
	uint16_t number;
	const char *name;
} suites[] = {
	{0xC02B, "ECDHE_ECDSA_AES128_GCM_SHA256"},
	{0xC02F, "ECDHE_RSA_AES128_GCM_SHA256"},
	{0xC02C, "ECDHE_ECDSA_AES256_GCM_SHA384"},
	{0xC030, "ECDHE_RSA_AES256_GCM_SHA384"},
	{0xCCA9, "ECDHE_ECDSA_CHACHA20_POLY1305_SHA256"},
	{0xCCA8, "ECDHE_RSA_CHACHA20_POLY1305_SHA256"},
	{0xC009, "ECDHE_ECDSA_AES128_CBC_SHA"},
	{0xC013, "ECDHE_RSA_AES128_CBC_SHA"},
	{0xC00A, "ECDHE_ECDSA_AES256_CBC_SHA"},
	{0xC014, "ECDHE_RSA_AES256_CBC_SHA"},
};

/* Loads a pair and logs what is wrong with it. */
static int
load(struct keeper *k, struct slice name)
{
	int result = find_pair_load(&k->tls.signer, name);

	if (k->tls.signer.file != NULL)
		keeper_log_config(k, k->tls.signer.file, k->tls.signer.reason);
	return result;
}

/* Is there a usable certificate? Then entropy for the engine goes with it. */
int
answer_tls(struct keeper *k)
{
	unsigned char seed[CHANNEL_SEED_LEN];

	k->packet.len = 0;
	/* With TLS from the first octet on the client can be told nothing. */
	if (!signer_present(&k->tls.signer) && k->tls.signer.file == NULL &&
		k->config->smtps)
		keeper_log_config(
			k, "control/servercert.pem", strerror(ENOENT));
	if (!signer_present(&k->tls.signer) || load(k, SLICE_NONE) == -1)
		return keeper_answer(k, VERDICT_TEMPORARY);
	if (getrandom(seed, sizeof seed, 0) != sizeof seed) {
		keeper_log_config(k, "getrandom", strerror(errno));
		return keeper_answer(k, VERDICT_TEMPORARY);
	}
	channel_add(&k->packet, seed, sizeof seed);
	explicit_bzero(seed, sizeof seed);
	if (!k->tls.handshake)
		k->channel.since = k->now;
	k->tls.handshake = true;
	int result = keeper_answer(k, VERDICT_OK);

	explicit_bzero(k->packet.body, CHANNEL_SEED_LEN);
	return result;
}

/* Of our own certificate, which BearSSL has read before. */
static void
compute_binding(struct keeper *k)
{
	struct certificate own;

	k->tls.binding_len = 0;
	if (authmechs_wants(k->backend.mechanisms, AUTHMECHS_BINDING) &&
		certificate_parse(&own, signer_certificate(&k->tls.signer)) ==
			0)
		k->tls.binding_len = certificate_binding(&own, k->tls.binding);
}

int
answer_certificate(struct keeper *k)
{
	char name[256];
	struct slice sni = channel_rest(&k->packet, 0);
	struct channel_certificate facts;

	memcpy(name, sni.data, sni.len);
	if (load(k, (struct slice){name, sni.len}) == -1)
		return keeper_answer(k, VERDICT_TEMPORARY);
	compute_binding(k);
	facts = (struct channel_certificate){
		(uint8_t)k->tls.signer.type, k->tls.binding_len > 0};
	k->packet.len = 0;
	channel_add(&k->packet, &facts, sizeof facts);
	if (channel_add(&k->packet, k->tls.signer.pair->chain,
		    k->tls.signer.chain_len) == -1)
		return keeper_answer(k, VERDICT_TEMPORARY);
	return keeper_answer(k, VERDICT_OK);
}

/* The code of the request is the hash. What is refused here is an attack. */
int
answer_sign(struct keeper *k)
{
	unsigned char signature[SIGNER_SIGNATURE_MAX];
	size_t len = signer_sign(&k->tls.signer, k->packet.code,
		channel_rest(&k->packet, 0), signature);

	if (len == 0)
		return -1;
	k->tls.signed_once = true;
	k->packet.len = 0;
	channel_add(&k->packet, signature, len);
	return keeper_answer(k, VERDICT_OK);
}

/* A claim, for EXTERNAL; the authenticator looks at it. */
int
hear_client(struct keeper *k)
{
	if (!authmechs_wants(k->backend.mechanisms, AUTHMECHS_CERTIFICATE))
		return -1;
	memcpy(k->client_chain, k->packet.body, k->packet.len);
	k->tls.client_len = k->packet.len;
	return 0;
}

unsigned
keeper_has(const struct keeper *k)
{
	if (!k->tls.on)
		return 0;
	/* The launcher tells nothing that a binding could be made of. */
	if (k->tls.outside.there)
		return k->tls.outside.has_certificate ? AUTHMECHS_CERTIFICATE
						      : 0u;
	if (!k->tls.signed_once)
		return 0;
	return (k->tls.binding_len > 0 ? AUTHMECHS_BINDING : 0u) |
	       (k->tls.client_len > 0 ? AUTHMECHS_CERTIFICATE : 0u);
}

static const char *
version_name(uint16_t version)
{
	return version == 0x0303   ? "TLSv1.2"
	       : version == 0x0302 ? "TLSv1.1"
	       : version == 0x0301 ? "TLSv1.0"
				   : "unknown";
}

/* The session's claims; but without our signature there can be no TLS. */
int
hear_tls(struct keeper *k)
{
	struct channel_tls facts;
	size_t at = 0;
	struct log_line line;
	const char *cipher = "unknown";

	if (channel_take(&k->packet, &at, &facts, sizeof facts) == -1)
		return -1;
	k->tls.handshake = false;
	k->channel.since = k->now;
	if (facts.version == 0) {
		log_start(&line, &k->log, "tls fail");
		log_text(&line, "reason", "handshake");
		log_number(&line, "error", (uint64_t)(uint32_t)facts.error);
		if (facts.offered == CHANNEL_SSL_2)
			log_text(&line, "version", "SSLv2");
		if (facts.offered == CHANNEL_SSL_3)
			log_text(&line, "version", "SSLv3");
		if (!k->config->health_check)
			keeper_log(k, &line);
		return 0;
	}
	if (!k->tls.signed_once)
		return -1;
	k->tls.on = true;
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++)
		if (suites[i].number == facts.suite)
			cipher = suites[i].name;
	k->tls.version = version_name(facts.version);
	k->tls.cipher = cipher;
	if (!k->config->health_check)
		keeper_log_tls(k, slice_of(k->tls.version), slice_of(cipher),
			at < k->packet.len ? channel_rest(&k->packet, at)
					   : SLICE_NONE);
	return 0;
}
