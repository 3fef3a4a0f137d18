/* weaker - see weaker.h. Used by smtpd-passwd. */
#include "passwd/weaker.h"

#include <bearssl/bearssl.h>
#include <string.h>

#include "lib/hex.h"

#define BLOCK 64 /* octets of MD5's */

/* MD5's state after the key's block: all that the key is needed for. */
static void
add_context(struct buffer *out, const unsigned char *key, unsigned char pad)
{
	unsigned char block[BLOCK], state[br_md5_SIZE];
	br_md5_context md5;

	for (size_t i = 0; i < sizeof block; i++)
		block[i] = key[i] ^ pad;
	br_md5_init(&md5);
	br_md5_update(&md5, block, sizeof block);
	(void)br_md5_state(&md5, state); /* the count is known */
	hex_encode(out, (struct slice){(const char *)state, sizeof state});
	explicit_bzero(block, sizeof block);
	explicit_bzero(state, sizeof state);
	explicit_bzero(&md5, sizeof md5);
}

void
weaker_cram_md5(struct buffer *out, struct slice password)
{
	unsigned char key[BLOCK] = {0};
	br_md5_context md5;

	br_md5_init(&md5);
	br_md5_update(&md5, password.data, password.len);
	if (password.len > sizeof key)
		br_md5_out(&md5, key);
	else
		memcpy(key, password.data, password.len);
	buffer_add_text(out, "{CRAM-MD5}");
	add_context(out, key, 0x5c);
	add_context(out, key, 0x36);
	explicit_bzero(key, sizeof key);
	explicit_bzero(&md5, sizeof md5);
}

void
weaker_digest_md5(
	struct buffer *out, struct slice realm, const unsigned char *digest)
{
	buffer_add_text(out, "{DIGEST-MD5}");
	buffer_add_slice(out, realm);
	buffer_add_char(out, ',');
	hex_encode(out, (struct slice){(const char *)digest, br_md5_SIZE});
}
