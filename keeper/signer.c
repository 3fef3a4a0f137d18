/*
 * signer - checks the form of what is to be signed, hashes it, signs it: once.
 * Run by the keeper, the only holder of the key; by main, which looks whether
 * there is a pair, and by smtpd-check.
 */
#include "keeper/signer.h"

#include <string.h>

#include "keeper/pair.h"
#include "lib/buffer.h"
#include "lib/chain.h"
#include "lib/sign.h"

/* Octets: a hash's identifier has nine at most. */
#define INFO_MAX (10 + 9 + 64)

static bool
input_has_form(struct slice input)
{
	static const struct {
		unsigned char curve;
		size_t point;
	} curves[] = {{BR_EC_secp256r1, 65}, {BR_EC_secp384r1, 97},
		{BR_EC_secp521r1, 133}, {BR_EC_curve25519, 32}};

	if (input.len < CHANNEL_RANDOMS_LEN + 4)
		return false;
	const unsigned char *p =
		(const unsigned char *)input.data + CHANNEL_RANDOMS_LEN;

	for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
		if (p[0] == 3 && p[1] == 0 && p[2] == curves[i].curve &&
			p[3] == curves[i].point)
			return input.len ==
			       CHANNEL_RANDOMS_LEN + 4 + curves[i].point;
	return false;
}

static const br_hash_class *
hash_of(const struct signer *s, unsigned hash)
{
	switch (hash) {
	case br_sha256_ID:
		return &br_sha256_vtable;
	case br_sha384_ID:
		return &br_sha384_vtable;
	case br_sha512_ID:
		return &br_sha512_vtable;
	case br_sha1_ID:
		return s->allow_sha1 ? &br_sha1_vtable : NULL;
	default:
		return NULL;
	}
}

static size_t
digest(const br_hash_class *hash, struct slice input, unsigned char *out)
{
	br_hash_compat_context context;

	hash->init(&context.vtable);
	hash->update(&context.vtable, input.data, input.len);
	hash->out(&context.vtable, out);
	return hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

/* DigestInfo, RFC 8017 §9.2: SEQUENCE { { OID, NULL }, OCTET STRING }. */
static size_t
digest_info(unsigned char *out, const unsigned char *oid,
	const unsigned char *value, size_t len)
{
	size_t oid_len = oid[0];
	struct buffer info = {(char *)out, 0, INFO_MAX, false};

	buffer_add_char(&info, 0x30);
	buffer_add_char(&info, (char)(8 + oid_len + len));
	buffer_add_char(&info, 0x30);
	buffer_add_char(&info, (char)(4 + oid_len));
	buffer_add_char(&info, 0x06);
	buffer_add(&info, (const char *)oid, 1 + oid_len);
	buffer_add(&info, "\x05\x00\x04", 3);
	buffer_add_char(&info, (char)len);
	buffer_add(&info, (const char *)value, len);
	return info.len;
}

static size_t
rsa_signature(const struct signer *s, unsigned hash, struct slice input,
	unsigned char *signature)
{
	static const unsigned char *const oids[] = {NULL, NULL,
		BR_HASH_OID_SHA1, NULL, BR_HASH_OID_SHA256, BR_HASH_OID_SHA384,
		BR_HASH_OID_SHA512};
	const br_rsa_private_key *key = br_skey_decoder_get_rsa(&s->pair->key);
	unsigned char value[64], info[INFO_MAX];
	size_t len;

	if (hash == 0) {
		/* TLS 1.0 and 1.1: both hashes, no identifier. RFC 4346 §4.7 */
		if (!s->allow_sha1)
			return 0;
		len = digest(&br_md5_vtable, input, info);
		len += digest(&br_sha1_vtable, input, info + len);
	} else {
		const br_hash_class *class = hash_of(s, hash);

		if (class == NULL)
			return 0;
		len = digest(class, input, value);
		len = digest_info(info, oids[hash], value, len);
	}
	return sign_rsa(
		signature, key, s->exponent, s->exponent_len, info, len);
}

/* Nettle's where it has the curve, else BearSSL's. */
static size_t
ecdsa_signature(const struct signer *s, const br_hash_class *class,
	struct slice input, unsigned char *signature)
{
	const br_ec_private_key *key = br_skey_decoder_get_ec(&s->pair->key);
	unsigned char value[64];
	size_t len = digest(class, input, value);

	if (key->curve == BR_EC_secp256r1)
		return sign_ecdsa(signature, key, value, len);
	return br_ecdsa_sign_asn1_get_default()(
		br_ec_get_default(), class, value, key, signature);
}

size_t
signer_sign(struct signer *s, unsigned hash, struct slice input,
	unsigned char *signature)
{
	const br_hash_class *class = hash_of(s, hash);
	size_t len = 0;

	if (s->used || s->type == KEY_NONE || !input_has_form(input))
		return 0;
	if (s->type == KEY_RSA) {
		len = rsa_signature(s, hash, input, signature);
	} else if (class != NULL) {
		len = ecdsa_signature(s, class, input, signature);
	}
	s->used = len > 0;
	signer_close(s);
	return len;
}

bool
signer_present(const struct signer *s)
{
	return s->certificate_fd != -1;
}

struct slice
signer_certificate(const struct signer *s)
{
	return chain_first(
		(struct slice){(const char *)s->pair->chain, s->chain_len});
}

void
signer_close(struct signer *s)
{
	if (s->type != KEY_NONE)
		pair_forget_key(s);
	/* A connection without TLS stays out of pair.c: memory.ld. */
	if (s->certificate_fd != -1 || s->key_fd != -1)
		pair_close(&s->certificate_fd, &s->key_fd);
}
