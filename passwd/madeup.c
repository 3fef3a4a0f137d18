/*
 * madeup - a secret nobody has the password of, for users who do not exist:
 * a failed login must take as long for them. Made from the site key, so that
 * the same users make the same cdb. Used by smtpd-passwd.
 */
#include "passwd/madeup.h"

#include <bearssl/bearssl.h>
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

#include "passwd/census.h"
#include "passwd/record.h"
#include "lib/base64.h"
#include "lib/hex.h"

#define DICE_PASSWORD 32 /* octets of a made-up password */
#define DICE_SALT 64	 /* octets of a salt that are made anew, at most */

struct slice
madeup_crypt_salt(struct slice text)
{
	size_t last = slice_find_last(text, '$');
	size_t at = 0, end = 2; /* DES */

	if (slice_starts_nocase(text, "$2")) {
		at = 7;
		end = 7 + 22;
	} else if (slice_starts_nocase(text, "$7$")) {
		at = 3 + 11;
		end = last;
	} else if (slice_starts_nocase(text, "$")) {
		at = slice_find_last((struct slice){text.data, last}, '$') + 1;
		end = last;
	} else if (slice_starts_nocase(text, "_")) {
		at = 5;
		end = 9;
	}
	if (end > text.len)
		end = text.len;
	if (at > end)
		at = end;
	return (struct slice){text.data + at, end - at};
}

/*
 * The same setting with another salt and the hash of nobody's password. A
 * salt's last octets carry fewer bits in some schemes, so they stay; where
 * crypt does not like the salt all the same, the old one will do.
 */
static int
made_up_crypt(br_hmac_drbg_context *dice_of, const struct census_class *class,
	struct buffer *out)
{
	static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz";
	struct crypt_data *data = calloc(1, sizeof *data);
	char setting[CENSUS_TEXT_MAX + 1], password[DICE_PASSWORD + 1];
	unsigned char dice[DICE_PASSWORD + DICE_SALT];
	struct slice salt;
	const char *hash;

	br_hmac_drbg_generate(dice_of, dice, sizeof dice);
	if (data == NULL ||
		slice_string((struct slice){class->text, class->text_len},
			setting, sizeof setting) != 0) {
		free(data);
		return -1;
	}
	for (size_t i = 0; i < sizeof password - 1; i++)
		password[i] = alphabet[dice[i] & 63];
	password[sizeof password - 1] = '\0';
	salt = madeup_crypt_salt(slice_of(setting));
	for (size_t i = 0; i < DICE_SALT && i + 4 < salt.len; i++)
		setting[(size_t)(salt.data - setting) + i] =
			alphabet[dice[DICE_PASSWORD + i] & 63];
	hash = crypt_rn(password, setting, data, (int)sizeof *data);
	if (hash == NULL || hash[0] == '*') {
		memcpy(setting, class->text, class->text_len);
		hash = crypt_rn(password, setting, data, (int)sizeof *data);
	}
	if (hash != NULL && hash[0] == '*')
		hash = NULL;
	if (hash != NULL)
		buffer_add_text(out, hash);
	free(data);
	return hash == NULL ? -1 : 0;
}

static int
made_up_plain(br_hmac_drbg_context *dice, struct buffer *out)
{
	char octets[15];

	br_hmac_drbg_generate(dice, octets, sizeof octets);
	buffer_add_text(out, "{PLAIN}");
	base64_encode(out, (struct slice){octets, sizeof octets});
	return 0;
}

static int
made_up_cram(br_hmac_drbg_context *dice, struct buffer *out)
{
	char octets[SECRET_HASH_MAX];

	br_hmac_drbg_generate(dice, octets, sizeof octets);
	buffer_add_text(out, "{CRAM-MD5}");
	hex_encode(out, (struct slice){octets, sizeof octets});
	return 0;
}

int
madeup_secret(
	const struct census_class *class, struct slice key, struct buffer *out)
{
	br_hmac_drbg_context dice;
	struct secret secret = {.kind = SECRET_SCRAM_SHA_256,
		.iterations = CENSUS_ITERATIONS,
		.salt_len = CENSUS_SALT_LEN};

	br_hmac_drbg_init(&dice, &br_sha256_vtable, key.data, key.len);
	if (class != NULL && class->kind == SECRET_PLAIN)
		return made_up_plain(&dice, out);
	if (class != NULL && class->kind == SECRET_CRAM_MD5)
		return made_up_cram(&dice, out);
	if (class != NULL && class->kind == SECRET_CRYPT) {
		if (made_up_crypt(&dice, class, out) == 0)
			return 0;
	} else if (class != NULL) {
		secret.kind = class->kind;
		secret.iterations = class->iterations;
		secret.salt_len = class->salt_len;
	}
	br_hmac_drbg_generate(&dice, secret.salt, sizeof secret.salt);
	br_hmac_drbg_generate(&dice, secret.stored_key, SECRET_HASH_MAX);
	br_hmac_drbg_generate(&dice, secret.server_key, SECRET_HASH_MAX);
	record_add_secret(out, &secret);
	return 0;
}
