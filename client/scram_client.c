/*
 * scram_client - see scram_client.h. Run by smtpd-check and the load
 * generator.
 */
#include "client/scram_client.h"

#include <string.h>

#include "lib/base64.h"

static size_t
hash_len(const struct scram_client *s)
{
	return s->hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

static void
hmac(const struct scram_client *s, const void *key, size_t key_len,
	struct slice text, void *out)
{
	br_hmac_key_context keyed;
	br_hmac_context context;

	br_hmac_key_init(&keyed, s->hash, key, key_len);
	br_hmac_init(&context, &keyed, 0);
	br_hmac_update(&context, text.data, text.len);
	br_hmac_out(&context, out);
}

static void
exclusive_or(unsigned char *to, const unsigned char *with, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] ^= with[i];
}

/* Hi() of RFC 5802 §2.2. */
static void
salt_password(const struct scram_client *s, struct slice password,
	struct slice salt, uint64_t iterations)
{
	char first[256];
	unsigned char u[SCRAM_HASH_MAX];
	struct buffer b = BUFFER_OVER(first);
	br_hmac_key_context keyed;
	br_hmac_context context;

	buffer_add_slice(&b, salt);
	buffer_add(&b, "\0\0\0\1", 4);
	hmac(s, password.data, password.len, buffer_slice(&b), u);
	memcpy(s->salted->key, u, hash_len(s));
	br_hmac_key_init(&keyed, s->hash, password.data, password.len);
	for (uint64_t i = 1; i < iterations; i++) {
		br_hmac_init(&context, &keyed, 0);
		br_hmac_update(&context, u, hash_len(s));
		br_hmac_out(&context, u);
		exclusive_or(s->salted->key, u, hash_len(s));
	}
	explicit_bzero(u, sizeof u);
}

/* RFC 5802 §5.1: "=" and "," in a name are written =3D and =2C. */
static void
add_name(struct buffer *b, struct slice user)
{
	for (size_t i = 0; i < user.len; i++)
		if (user.data[i] == '=')
			buffer_add_text(b, "=3D");
		else if (user.data[i] == ',')
			buffer_add_text(b, "=2C");
		else
			buffer_add_char(b, user.data[i]);
}

int
scram_client_first(struct scram_client *s, struct slice user,
	struct slice nonce, struct buffer *out)
{
	struct buffer bare = BUFFER_OVER(s->bare);

	buffer_add_text(&bare, "n=");
	add_name(&bare, user);
	buffer_add_text(&bare, ",r=");
	buffer_add_slice(&bare, nonce);
	s->bare_len = bare.len;
	s->nonce_len = nonce.len;
	buffer_add_text(out, "n,,");
	buffer_add_slice(out, buffer_slice(&bare));
	return bare.overflow || out->overflow ? -1 : 0;
}

/* The value after "r=", "s=" ... in the next part of a server's message. */
static struct slice
attribute(struct slice *rest, char name)
{
	struct slice part = slice_split(rest, ',');

	if (part.len < 2 || part.data[0] != name || part.data[1] != '=')
		return SLICE_NONE;
	return slice_from(part, 2);
}

static int
prove(struct scram_client *s, struct slice without_proof, unsigned char *proof)
{
	unsigned char stored[SCRAM_HASH_MAX], signature[SCRAM_HASH_MAX];
	unsigned char key[SCRAM_HASH_MAX];
	struct buffer auth = BUFFER_OVER(s->auth);
	br_hash_compat_context hash;

	auth.len = s->auth_len;
	buffer_add_char(&auth, ',');
	buffer_add_slice(&auth, without_proof);
	if (auth.overflow)
		return -1;
	hmac(s, s->salted->key, hash_len(s), slice_of("Client Key"), proof);
	s->hash->init(&hash.vtable);
	s->hash->update(&hash.vtable, proof, hash_len(s));
	s->hash->out(&hash.vtable, stored);
	hmac(s, stored, hash_len(s), buffer_slice(&auth), signature);
	exclusive_or(proof, signature, hash_len(s));
	hmac(s, s->salted->key, hash_len(s), slice_of("Server Key"), key);
	hmac(s, key, hash_len(s), buffer_slice(&auth), s->server);
	explicit_bzero(key, sizeof key);
	return 0;
}

static int
salt_once(struct scram_client *s, struct slice tail, struct slice password,
	struct slice encoded, uint64_t iterations)
{
	char bytes[128];
	struct buffer salt = BUFFER_OVER(bytes);
	struct scram_salted *salted = s->salted;

	if (base64_decode(&salt, encoded) == -1 ||
		tail.len > sizeof salted->made_for)
		return -1;
	if (slice_equal(tail,
		    (struct slice){salted->made_for, salted->made_for_len}))
		return 0;
	salt_password(s, password, buffer_slice(&salt), iterations);
	memcpy(salted->made_for, tail.data, tail.len);
	salted->made_for_len = tail.len;
	return 0;
}

/* Reads the server's first message into the salted password and AuthMessage. */
static int
read_challenge(struct scram_client *s, struct slice message,
	struct slice password, struct slice *nonce)
{
	struct buffer auth = BUFFER_OVER(s->auth);
	uint64_t iterations;

	buffer_add(&auth, s->bare, s->bare_len);
	buffer_add_char(&auth, ',');
	buffer_add_slice(&auth, message);
	s->auth_len = auth.len;
	*nonce = attribute(&message, 'r');
	struct slice tail = message;
	struct slice encoded = attribute(&message, 's');
	/* RFC 5802 §5.1: it begins with ours, or it is another's. */
	if (nonce->len < s->nonce_len ||
		memcmp(nonce->data, s->bare + s->bare_len - s->nonce_len,
			s->nonce_len) != 0 ||
		encoded.data == NULL || auth.overflow ||
		slice_number(attribute(&message, 'i'), &iterations) == -1 ||
		iterations == 0 || iterations > SCRAM_ITERATIONS_MAX)
		return -1;
	return salt_once(s, tail, password, encoded, iterations);
}

int
scram_client_final(struct scram_client *s, struct slice challenge,
	struct slice password, struct buffer *out)
{
	char text[1024];
	struct buffer b = BUFFER_OVER(text);
	unsigned char proof[SCRAM_HASH_MAX];
	struct slice nonce;

	if (read_challenge(s, challenge, password, &nonce) == -1)
		return -1;
	buffer_add_text(&b, "c=biws,r=");
	buffer_add_slice(&b, nonce);
	if (b.overflow || prove(s, buffer_slice(&b), proof) == -1)
		return -1;
	buffer_add_slice(out, buffer_slice(&b));
	buffer_add_text(out, ",p=");
	base64_encode(out, (struct slice){(const char *)proof, hash_len(s)});
	return out->overflow ? -1 : 0;
}

int
scram_client_end(struct scram_client *s, struct slice last)
{
	char text[64];
	struct buffer want = BUFFER_OVER(text);

	buffer_add_text(&want, "v=");
	base64_encode(
		&want, (struct slice){(const char *)s->server, hash_len(s)});
	return slice_equal(last, buffer_slice(&want)) ? 0 : -1;
}
