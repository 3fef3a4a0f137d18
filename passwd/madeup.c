/*
 * madeup - a secret nobody has the password of, for users who do not exist:
 * a failed login must take as long for them. Used by smtpd-passwd.
 */
#include "passwd/madeup.h"

#include <crypt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

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

static int
random_octets(void *out, size_t len)
{
	return getrandom(out, len, 0) == (ssize_t)len ? 0 : -1;
}

/*
 * The same setting with another salt and the hash of nobody's password. A
 * salt's last octets carry fewer bits in some schemes, so they stay; where
 * crypt does not like the salt all the same, the old one will do.
 */
static int
made_up_crypt(const struct census_class *class, struct buffer *out)
{
	static const char alphabet[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz";
	struct crypt_data *data = calloc(1, sizeof *data);
	char setting[CENSUS_TEXT_MAX + 1], password[DICE_PASSWORD + 1];
	unsigned char dice[DICE_PASSWORD + DICE_SALT];
	struct slice salt;
	const char *hash;

	if (data == NULL || random_octets(dice, sizeof dice) != 0 ||
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
made_up_plain(struct buffer *out)
{
	char octets[15];

	if (random_octets(octets, sizeof octets) != 0)
		return -1;
	buffer_add_text(out, "{PLAIN}");
	base64_encode(out, (struct slice){octets, sizeof octets});
	return 0;
}

static int
made_up_cram(struct buffer *out)
{
	char octets[SECRET_HASH_MAX];

	if (random_octets(octets, sizeof octets) != 0)
		return -1;
	buffer_add_text(out, "{CRAM-MD5}");
	hex_encode(out, (struct slice){octets, sizeof octets});
	return 0;
}

int
madeup_secret(const struct census_class *class, struct buffer *out)
{
	struct secret secret = {.kind = SECRET_SCRAM_SHA_256,
		.iterations = CENSUS_ITERATIONS,
		.salt_len = CENSUS_SALT_LEN};

	if (class != NULL && class->kind == SECRET_PLAIN)
		return made_up_plain(out);
	if (class != NULL && class->kind == SECRET_CRAM_MD5)
		return made_up_cram(out);
	if (class != NULL && class->kind == SECRET_CRYPT) {
		if (made_up_crypt(class, out) == 0)
			return 0;
	} else if (class != NULL) {
		secret.kind = class->kind;
		secret.iterations = class->iterations;
		secret.salt_len = class->salt_len;
	}
	if (random_octets(secret.salt, sizeof secret.salt) != 0 ||
		random_octets(secret.stored_key, SECRET_HASH_MAX) != 0 ||
		random_octets(secret.server_key, SECRET_HASH_MAX) != 0)
		return -1;
	record_add_secret(out, &secret);
	return 0;
}
