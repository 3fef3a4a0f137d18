/* scram - SCRAM-SHA-256 for the load generator, RFC 5802 and 7677. */
#include <bearssl.h>
#include <stdio.h>
#include <string.h>

#include "bench/script.h"
#include "lib/base64.h"

#define HASH_LEN 32

static void
hmac(const void *key, size_t key_len, struct slice text, void *out)
{
	br_hmac_key_context keyed;
	br_hmac_context context;

	br_hmac_key_init(&keyed, &br_sha256_vtable, key, key_len);
	br_hmac_init(&context, &keyed, 0);
	br_hmac_update(&context, text.data, text.len);
	br_hmac_out(&context, out);
}

static void
exclusive_or(unsigned char *to, const unsigned char *with)
{
	for (size_t i = 0; i < HASH_LEN; i++)
		to[i] ^= with[i];
}

/* Hi() of RFC 5802 §2.2; kept, as mail programs keep it. */
static void
salt_password(struct script *s, struct slice salt, uint64_t iterations)
{
	char first[256];
	unsigned char u[HASH_LEN];
	struct buffer b = BUFFER_OVER(first);
	br_hmac_key_context keyed;
	br_hmac_context context;

	buffer_add_slice(&b, salt);
	buffer_add(&b, "\0\0\0\1", 4);
	hmac(s->password, strlen(s->password), buffer_slice(&b), u);
	memcpy(s->salted, u, HASH_LEN);
	br_hmac_key_init(
		&keyed, &br_sha256_vtable, s->password, strlen(s->password));
	for (uint64_t i = 1; i < iterations; i++) {
		br_hmac_init(&context, &keyed, 0);
		br_hmac_update(&context, u, HASH_LEN);
		br_hmac_out(&context, u);
		exclusive_or(s->salted, u);
	}
}

int
scram_first(struct speaker *s, struct buffer *out)
{
	char text[600];
	struct buffer b = BUFFER_OVER(text);
	int len;

	s->random = s->random * 6364136223846793005u + 1442695040888963407u;
	len = snprintf(s->bare, sizeof s->bare, "n=%s,r=%016llx%016llx",
		s->script->user, (unsigned long long)s->random,
		(unsigned long long)~s->random);
	if (len < 0 || (size_t)len >= sizeof s->bare)
		return -1;
	buffer_add_text(&b, "n,,");
	buffer_add_text(&b, s->bare);
	buffer_add_text(out, "AUTH SCRAM-SHA-256 ");
	base64_encode(out, buffer_slice(&b));
	buffer_add_text(out, "\r\n");
	return b.overflow || out->overflow ? -1 : 0;
}

/* The value after "r=", "s=" ... in the next part of a server's message. */
static struct slice
attribute(struct slice *rest, char name)
{
	struct slice part = slice_split(rest, ',');

	if (part.len < 2 || part.data[0] != name || part.data[1] != '=')
		return (struct slice){NULL, 0};
	return slice_from(part, 2);
}

static int
prove(struct speaker *s, struct slice without_proof, unsigned char *proof)
{
	unsigned char stored[HASH_LEN], signature[HASH_LEN], key[HASH_LEN];
	struct buffer auth = BUFFER_OVER(s->auth);
	br_sha256_context hash;

	auth.len = s->auth_len;
	buffer_add_char(&auth, ',');
	buffer_add_slice(&auth, without_proof);
	if (auth.overflow)
		return -1;
	hmac(s->script->salted, HASH_LEN, slice_of("Client Key"), proof);
	br_sha256_init(&hash);
	br_sha256_update(&hash, proof, HASH_LEN);
	br_sha256_out(&hash, stored);
	hmac(stored, HASH_LEN, buffer_slice(&auth), signature);
	exclusive_or(proof, signature);
	hmac(s->script->salted, HASH_LEN, slice_of("Server Key"), key);
	hmac(key, HASH_LEN, buffer_slice(&auth), s->server);
	return 0;
}

/* Reads the server's first message into the salted password and AuthMessage. */
static int
read_challenge(struct speaker *s, struct slice message, struct slice *nonce)
{
	struct script *script = s->script;
	char bytes[128];
	struct buffer salt = BUFFER_OVER(bytes);
	struct buffer auth = BUFFER_OVER(s->auth);
	uint64_t iterations;

	buffer_add_text(&auth, s->bare);
	buffer_add_char(&auth, ',');
	buffer_add_slice(&auth, message);
	s->auth_len = auth.len;
	*nonce = attribute(&message, 'r');
	struct slice tail = message;
	struct slice encoded = attribute(&message, 's');
	if (nonce->data == NULL || base64_decode(&salt, encoded) == -1 ||
		slice_number(attribute(&message, 'i'), &iterations) == -1 ||
		auth.overflow || tail.len >= sizeof script->salted_for)
		return -1;
	if (!slice_is(tail, script->salted_for)) {
		salt_password(script, buffer_slice(&salt), iterations);
		(void)slice_string(
			tail, script->salted_for, sizeof script->salted_for);
	}
	return 0;
}

int
scram_final(struct speaker *s, struct buffer *out)
{
	char text[1024], answer[1024];
	struct buffer message = BUFFER_OVER(text), b = BUFFER_OVER(answer);
	unsigned char proof[HASH_LEN];
	struct slice nonce;

	if (s->reply.len < 4 ||
		base64_decode(&message, slice_from(s->reply, 4)) == -1 ||
		read_challenge(s, buffer_slice(&message), &nonce) == -1)
		return -1;
	buffer_add_text(&b, "c=biws,r=");
	buffer_add_slice(&b, nonce);
	if (prove(s, buffer_slice(&b), proof) == -1)
		return -1;
	buffer_add_text(&b, ",p=");
	base64_encode(&b, (struct slice){(const char *)proof, HASH_LEN});
	base64_encode(out, buffer_slice(&b));
	buffer_add_text(out, "\r\n");
	return b.overflow || out->overflow ? -1 : 0;
}

int
scram_end(struct speaker *s, struct buffer *out)
{
	char text[256], wanted[128];
	struct buffer got = BUFFER_OVER(text), want = BUFFER_OVER(wanted);

	buffer_add_text(&want, "v=");
	base64_encode(&want, (struct slice){(const char *)s->server, HASH_LEN});
	if (!s->script->believe &&
		(s->reply.len < 4 ||
			base64_decode(&got, slice_from(s->reply, 4)) == -1 ||
			!slice_equal(buffer_slice(&got), buffer_slice(&want))))
		return -1;
	buffer_add_text(out, "\r\n");
	return 0;
}
