/* md5 - see md5.h. Run by the authenticator and by smtpd-passwd. */
#include "users/md5.h"

#include <bearssl/bearssl.h>
#include <string.h>

#include "users/secret.h"
#include "users/users.h"
#include "lib/hex.h"
#include "lib/latin1.h"

#define BLOCK 64 /* octets */

/* The context after one block: the key, padded with NULs, under a mask. */
static void
key_context(const unsigned char *key, unsigned char mask, unsigned char *out)
{
	unsigned char block[BLOCK];
	br_md5_context md5;

	for (size_t i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ mask;
	br_md5_init(&md5);
	br_md5_update(&md5, block, sizeof block);
	br_md5_state(&md5, out);
	explicit_bzero(block, sizeof block);
	explicit_bzero(&md5, sizeof md5);
}

void
md5_contexts(struct slice password, unsigned char *contexts)
{
	unsigned char key[BLOCK] = {0};

	if (password.len > BLOCK) {
		br_md5_context md5;

		br_md5_init(&md5);
		br_md5_update(&md5, password.data, password.len);
		br_md5_out(&md5, key);
		explicit_bzero(&md5, sizeof md5);
	} else if (password.len > 0)
		memcpy(key, password.data, password.len);
	key_context(key, 0x5c, contexts);
	key_context(key, 0x36, contexts + MD5_LEN);
	explicit_bzero(key, sizeof key);
}

static void
go_on(const unsigned char *context, struct slice text, unsigned char *out)
{
	br_md5_context md5;

	br_md5_init(&md5);
	br_md5_set_state(&md5, context, BLOCK);
	br_md5_update(&md5, text.data, text.len);
	br_md5_out(&md5, out);
	explicit_bzero(&md5, sizeof md5);
}

void
md5_hmac(const unsigned char *contexts, struct slice text, unsigned char *out)
{
	unsigned char inner[MD5_LEN];

	go_on(contexts + MD5_LEN, text, inner);
	go_on(contexts, (struct slice){(const char *)inner, sizeof inner}, out);
}

/* MD5 of the parts with a colon between them; RFC 2831 has nothing else. */
static void
joined(const struct slice *parts, size_t count, unsigned char *out)
{
	br_md5_context md5;

	br_md5_init(&md5);
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			br_md5_update(&md5, ":", 1);
		br_md5_update(&md5, parts[i].data, parts[i].len);
	}
	br_md5_out(&md5, out);
	explicit_bzero(&md5, sizeof md5);
}

void
md5_user(struct slice login, struct slice realm, struct slice password,
	unsigned char *out)
{
	const struct slice parts[] = {login, realm, password};

	joined(parts, 3, out);
}

/* Replaces text by its form in ISO 8859-1, if it has another one there. */
static bool
convert(struct slice *text, struct buffer *memory)
{
	if (!latin1_is_needed(*text) || latin1_encode(memory, *text) == -1)
		return false;
	*text = buffer_slice(memory);
	return true;
}

bool
md5_user_latin1(struct slice login, struct slice realm, struct slice password,
	unsigned char *out)
{
	char name[USERS_LOGIN_MAX], text[SECRET_PASSWORD_MAX];
	struct buffer name_memory = BUFFER_OVER(name);
	struct buffer text_memory = BUFFER_OVER(text);
	bool converted = convert(&login, &name_memory);

	converted = convert(&password, &text_memory) || converted;
	if (converted)
		md5_user(login, realm, password, out);
	explicit_bzero(text, sizeof text);
	return converted;
}

static struct slice
hex_of(const unsigned char *sum, char *digits)
{
	struct buffer b = {digits, 0, MD5_HEX_LEN, false};

	hex_encode(&b, (struct slice){(const char *)sum, MD5_LEN});
	return buffer_slice(&b);
}

void
md5_response(const struct md5_digest *d, const unsigned char *user,
	const char *method, char *digits)
{
	const struct slice a1[] = {
		{(const char *)user, MD5_LEN}, d->nonce, d->cnonce, d->authzid};
	const struct slice a2[] = {slice_of(method), d->uri};
	unsigned char sum[MD5_LEN];
	char first[MD5_HEX_LEN], second[MD5_HEX_LEN];

	joined(a1, d->authzid.data == NULL ? 3 : 4, sum);
	struct slice h1 = hex_of(sum, first);

	joined(a2, 2, sum);
	const struct slice all[] = {h1, d->nonce, d->nc, d->cnonce,
		slice_of("auth"), hex_of(sum, second)};

	joined(all, sizeof all / sizeof *all, sum);
	(void)hex_of(sum, digits);
	explicit_bzero(first, sizeof first);
	explicit_bzero(sum, sizeof sum);
}
