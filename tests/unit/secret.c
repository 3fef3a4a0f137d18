/* Unit test of users/secret.c. */
#include "users/secret.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base64.h"
#include "tests/tap.h"

/* The examples of RFC 7677 §3 and RFC 5802 §5, password "pencil". */
#define STORED_256 "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define SERVER_256 "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
#define STORED_1 "6dlGYMOdZcOPutkcNY8U2g7vK9Y="
#define SERVER_1 "D+CSWLOshSulAsxiupA+qs2/fTE="
#define SALT_256 "W22ZaJ0SNY7soEsUEjb6gQ=="
#define SALT_1 "QSXCR+Q6sek8bf92"
#define KEYS_256 "," STORED_256 "," SERVER_256
#define KEYS_1 "," STORED_1 "," SERVER_1
#define SCRAM_256 "{SCRAM-SHA-256}4096," SALT_256 KEYS_256
#define SCRAM_1 "{SCRAM-SHA-1}4096," SALT_1 KEYS_1

/* Of libxcrypt's crypt(), password "pencil". */
#define SHA512                                                                 \
	"$6$rounds=1000$saltsalt$bbY.T.ZpN43KapLdmlSbP6MmxBlkMSbhrh.Y1rmY0fYa" \
	"RO/t.4sKqUiU.Z8byKf8Oa1yagMn/0fncuHSYrb9h."
#define SHA256                                                                 \
	"$5$rounds=1000$saltsalt$1E80wIeNUk6Tw.cvgykgsGLDhE7YCS/mO7gtCEoKze9"
#define BCRYPT "$2b$04$abcdefghijklmnopqrstuu/FyAyuZSl3DbPdvio4KrIBdz2k2yhV2"
#define BCRYPT_Y "$2y$04$abcdefghijklmnopqrstuu/FyAyuZSl3DbPdvio4KrIBdz2k2yhV2"
#define MD5 "$1$saltsalt$wCrc3hcrR95SV83Xh8Z.41"
#define YESCRYPT "$y$j75$saltsalt$o2gXFxBM7mhtEM8a8zhzk4Y6PnNRiSjgCeVNxKApSc8"
#define GOST "$gy$j75$saltsalt$NPovz3REAkQa9AtcdxNK2TOc6.uafIurtm3sKHLforC"
#define SCRYPT                                                                 \
	"$7$4/..../....saltsalt$Z5mVrF.Gk7igbkKtOGHXFOBqAY.soga/H4.DZL8wo7"
#define SHA1CRYPT "$sha1$1000$saltsalt$f5fy5E2AE3zEHg5kubFJI20Zuv1O"
#define DES "abJ32bJMdTsnY"
/* Of doveadm pw, password "pencil". */
#define CRAM                                                                   \
	"{CRAM-MD5}7f47ace0e2af8f6cdeb72c03243a8c87"                           \
	"834e19104164d6a42de72d243adb4080"
#define CRAM_UPPER                                                             \
	"{cram-md5}7F47ACE0E2AF8F6CDEB72C03243A8C87"                           \
	"834E19104164D6A42DE72D243ADB4080"
#define HEX_15 "00112233445566778899aabbccddee"
#define HEX_16 HEX_15 "ff"

static int
parse(struct secret *secret, const char *text)
{
	return secret_parse(secret, slice_of(text));
}

static enum secret_result
check(const char *stored, const char *password)
{
	struct secret secret;

	if (parse(&secret, stored) == -1)
		return SECRET_MISMATCH;
	return secret_check(&secret, slice_of(password));
}

static void
test_schemes(void)
{
	static const struct {
		const char *stored;
		enum secret_kind kind;
		const char *what;
	} rows[] = {
		{SCRAM_256, SECRET_SCRAM_SHA_256, "SCRAM-SHA-256"},
		{SCRAM_1, SECRET_SCRAM_SHA_1, "SCRAM-SHA-1"},
		{"{scram-sha-256}4096," SALT_256 KEYS_256, SECRET_SCRAM_SHA_256,
			"a scheme in lower case"},
		{"{PLAIN}pencil", SECRET_PLAIN, "PLAIN"},
		{"{CLEARTEXT}pencil", SECRET_PLAIN, "CLEARTEXT"},
		{"{clear}pencil", SECRET_PLAIN, "CLEAR"},
		{CRAM, SECRET_CRAM_MD5, "CRAM-MD5"},
		{CRAM_UPPER, SECRET_CRAM_MD5, "CRAM-MD5 in upper case"},
		{SHA512, SECRET_CRYPT, "no scheme, $6$"},
		{SHA256, SECRET_CRYPT, "no scheme, $5$"},
		{BCRYPT, SECRET_CRYPT, "no scheme, $2b$"},
		{BCRYPT_Y, SECRET_CRYPT, "no scheme, $2y$"},
		{MD5, SECRET_CRYPT, "no scheme, $1$"},
		{YESCRYPT, SECRET_CRYPT, "no scheme, $y$"},
		{GOST, SECRET_CRYPT, "no scheme, $gy$"},
		{SHA1CRYPT, SECRET_CRYPT, "no scheme, $sha1$"},
		{DES, SECRET_CRYPT, "no scheme, DES"},
		{"_/...salt3qf3z8BT6OA", SECRET_CRYPT, "no scheme, BSDI DES"},
		{"{CRYPT}" SHA512, SECRET_CRYPT, "CRYPT"},
		{"{SHA512-CRYPT}" SHA512, SECRET_CRYPT, "SHA512-CRYPT"},
		{"{SHA256-CRYPT}" SHA256, SECRET_CRYPT, "SHA256-CRYPT"},
		{"{BLF-CRYPT}" BCRYPT_Y, SECRET_CRYPT, "BLF-CRYPT"},
		{"{MD5-CRYPT}" MD5, SECRET_CRYPT, "MD5-CRYPT"},
		{"{DES-CRYPT}" DES, SECRET_CRYPT, "DES-CRYPT"},
		{"{ARGON2ID}$argon2id$v=19$m=1$x", SECRET_UNKNOWN,
			"a scheme that is not known"},
		{"{}pencil", SECRET_UNKNOWN, "an empty scheme"},
		{"{PLAIN2}pencil", SECRET_UNKNOWN,
			"a scheme that begins alike"},
		{"*", SECRET_UNKNOWN, "locked by an asterisk"},
		{"!" SHA512, SECRET_UNKNOWN, "locked by an exclamation mark"},
		{"{CRYPT}*LK*", SECRET_UNKNOWN, "locked behind a scheme"},
		{"*0", SECRET_UNKNOWN, "libxcrypt's own failure, *0"},
		{"*1", SECRET_UNKNOWN, "libxcrypt's own failure, *1"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct secret secret;
		bool known = rows[i].kind != SECRET_UNKNOWN;

		ok(parse(&secret, rows[i].stored) == 0 &&
				secret.kind == rows[i].kind,
			rows[i].what);
		ok(secret_check(&secret, slice_of("pencil")) ==
				(known ? SECRET_MATCH : SECRET_MISMATCH),
			known ? "and matches" : "and does not match");
		ok(secret_check(&secret, slice_of("pencik")) ==
					SECRET_MISMATCH &&
				secret_check(&secret, slice_of("")) ==
					SECRET_MISMATCH,
			"another password does not");
	}
	ok(check("*0", "*1") == SECRET_MISMATCH &&
			check("*", "*") == SECRET_MISMATCH,
		"nor a locked secret by itself");
}

static void
test_refused(void)
{
	static const struct {
		const char *stored, *what;
	} rows[] = {
		{"", "nothing"},
		{"{SCRAM-SHA-256", "no brace"},
		{"{PLAIN}", "an empty password"},
		{"{CRYPT}", "an empty crypt string"},
		{"{SCRAM-SHA-256}", "SCRAM without a value"},
		{"{SCRAM-SHA-256}0," SALT_256 KEYS_256, "0 iterations"},
		{"{SCRAM-SHA-256}-1," SALT_256 KEYS_256, "-1 iterations"},
		{"{SCRAM-SHA-256}," SALT_256 KEYS_256, "no iterations"},
		{"{SCRAM-SHA-256}4096 ," SALT_256 KEYS_256, "a blank"},
		{"{SCRAM-SHA-256}1000001," SALT_256 KEYS_256,
			"a million and one iterations"},
		{"{SCRAM-SHA-256}18446744073709551617," SALT_256 KEYS_256,
			"2^64+1 iterations"},
		{"{SCRAM-SHA-256}4096," KEYS_256, "no salt"},
		{"{SCRAM-SHA-256}4096,W22Z!J0S" KEYS_256, "a salt not base64"},
		{"{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ" KEYS_256,
			"a salt without padding"},
		{"{SCRAM-SHA-256}4096," SALT_256 KEYS_1, "SHA-1's keys"},
		{"{SCRAM-SHA-1}4096," SALT_1 KEYS_256, "SHA-256's keys"},
		{"{SCRAM-SHA-256}4096," SALT_256 "," STORED_256, "one key"},
		{"{SCRAM-SHA-256}4096," SALT_256 "," STORED_256 ",",
			"an empty second key"},
		{"{SCRAM-SHA-256}4096," SALT_256 KEYS_256 ",", "a comma more"},
		{"{SCRAM-SHA-256}4096," SALT_256 KEYS_256 "," STORED_256,
			"a key more"},
		{"{CRAM-MD5}", "CRAM-MD5 without a value"},
		{"{CRAM-MD5}" HEX_16, "half of CRAM-MD5's contexts"},
		{"{CRAM-MD5}" HEX_16 HEX_16 "00", "an octet more"},
		{"{CRAM-MD5}" HEX_16 "g0" HEX_15, "no digit"},
		{"{DIGEST-MD5}" HEX_16, "no realm"},
		{"{DIGEST-MD5}mx.example.org,", "no hash"},
		{"{DIGEST-MD5}mx.example.org,00" HEX_16, "a longer hash"},
		{"{DIGEST-MD5}mx.example.org,00" HEX_15 ",", "a comma more"},
		{"{CERT-SHA256}" HEX_16, "half a fingerprint"},
		{"{CERT-SHA256}" HEX_16 HEX_16 HEX_16,
			"too long a fingerprint"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct secret secret;

		ok(parse(&secret, rows[i].stored) == -1 &&
				secret.kind == SECRET_UNKNOWN,
			rows[i].what);
	}
	struct secret secret;

	ok(secret_parse(&secret, (struct slice){"ab\0cdefghijkl", 13}) == -1,
		"a NUL in a crypt string");
}

/* Secrets that say nothing about a password. */
static void
test_others(void)
{
	struct secret secret;

	ok(parse(&secret, "{DIGEST-MD5}a,b,00" HEX_15) == 0 &&
			secret.kind == SECRET_DIGEST_MD5 &&
			slice_is(secret.text, "a,b"),
		"DIGEST-MD5: the realm may hold commas");
	is_bytes(secret.octets, 16,
		"\x00\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc"
		"\xdd\xee",
		16, "and its hash");
	ok(!secret_is(&secret, SECRET_PASSWORDS) &&
			secret_check(&secret, slice_of("pencil")) ==
				SECRET_MISMATCH,
		"no password matches it");
	ok(parse(&secret, "{digest-md5}," HEX_16) == 0 && secret.text.len == 0,
		"an empty realm");
	ok(parse(&secret, "{cert-sha256}" HEX_16 HEX_16) == 0 &&
			secret.kind == SECRET_CERT_SHA256 &&
			secret.octets[31] == 0xff && secret.octets[1] == 0x11,
		"CERT-SHA256");
	ok(!secret_is(&secret, SECRET_PASSWORDS) &&
			secret_check(&secret, slice_of("pencil")) ==
				SECRET_MISMATCH,
		"no password matches it");
}

/* base64 of n octets 'A', with a comma in front. */
static void
add_salt(struct buffer *b, size_t n)
{
	char octets[128];

	memset(octets, 'A', sizeof octets);
	buffer_add_char(b, ',');
	base64_encode(b, (struct slice){octets, n});
}

static void
test_salt_length(void)
{
	static const struct {
		size_t len;
		int result;
		const char *what;
	} rows[] = {
		{1, 0, "a salt of one octet"},
		{SECRET_SALT_MAX, 0, "the longest salt"},
		{SECRET_SALT_MAX + 1, -1, "a salt of one octet more"},
		{100, -1, "a salt of 100 octets"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[512];
		struct buffer b = BUFFER_OVER(text);
		struct secret secret;

		buffer_add_text(&b, "{SCRAM-SHA-256}1");
		add_salt(&b, rows[i].len);
		buffer_add_text(&b, KEYS_256);
		ok(secret_parse(&secret, buffer_slice(&b)) == rows[i].result &&
				(rows[i].result == -1 ||
					secret.salt_len == rows[i].len),
			rows[i].what);
	}
}

/* A string that is a part of a hash, or says more, does not match. */
static void
test_crypt_parts(void)
{
	char text[256];
	size_t len = strlen(MD5);
	unsigned matched = 0;

	for (size_t cut = 0; cut < len; cut++) {
		memcpy(text, MD5, len);
		text[cut] = '\0';
		matched += check(text, "pencil") != SECRET_MISMATCH;
	}
	ok(matched == 0, "a hash cut anywhere does not match");
	ok(check(MD5 "x", "pencil") == SECRET_MISMATCH, "nor a longer one");
	for (size_t at = strlen("$1$saltsalt$"); at < len; at++) {
		memcpy(text, MD5, len + 1);
		text[at] = text[at] == 'x' ? 'y' : 'x';
		matched += check(text, "pencil") != SECRET_MISMATCH;
	}
	ok(matched == 0, "nor one with a digit changed");
	ok(check("$2b$04$", "pencil") == SECRET_MISMATCH, "nor a bare setting");
}

static void
test_password_length(void)
{
	char password[600], text[700] = "{PLAIN}";

	memset(password, 'x', sizeof password);
	memcpy(text + 7, password, SECRET_PASSWORD_MAX);
	struct secret secret;
	struct slice all = {text, 7 + SECRET_PASSWORD_MAX};

	ok(secret_parse(&secret, all) == 0, "a password of 511 octets");
	ok(secret_check(&secret, (struct slice){password, 511}) == SECRET_MATCH,
		"matches");
	ok(secret_check(&secret, (struct slice){password, 510}) ==
			SECRET_MISMATCH,
		"one octet less does not");
	ok(secret_check(&secret, (struct slice){password, 512}) ==
			SECRET_MISMATCH,
		"nor does one more, whose first 511 are the same");
	text[7 + 511] = 'x';
	all.len++;
	ok(secret_parse(&secret, all) == -1, "one of 512 is not stored");

	struct secret scram = {.kind = SECRET_SCRAM_SHA_256,
		.iterations = 1,
		.salt = {1},
		.salt_len = 1};

	secret_derive(&scram, (struct slice){password, 511});
	ok(secret_check(&scram, (struct slice){password, 511}) ==
				SECRET_MATCH &&
			secret_check(&scram, (struct slice){password, 512}) ==
				SECRET_MISMATCH,
		"the same for SCRAM");
}

static void
test_derive(void)
{
	static const struct {
		enum secret_kind kind;
		const char *stored, *what;
	} rows[] = {
		{SECRET_SCRAM_SHA_256, SCRAM_256, "RFC 7677's example"},
		{SECRET_SCRAM_SHA_1, SCRAM_1, "RFC 5802's example"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct secret stored, made = {0};
		size_t len = secret_hash_len(rows[i].kind);

		ok(parse(&stored, rows[i].stored) == 0 &&
				stored.iterations == 4096,
			rows[i].what);
		made.kind = rows[i].kind;
		made.iterations = stored.iterations;
		made.salt_len = stored.salt_len;
		memcpy(made.salt, stored.salt, stored.salt_len);
		secret_derive(&made, slice_of("pencil"));
		is_bytes(made.stored_key, len, stored.stored_key, len,
			"the stored key");
		is_bytes(made.server_key, len, stored.server_key, len,
			"the server key");
	}
	ok(secret_hash_len(SECRET_SCRAM_SHA_256) == 32 &&
			secret_hash_len(SECRET_SCRAM_SHA_1) == 20,
		"hashes of 32 and 20 octets");
}

/* RFC 4231, test case 2, and RFC 2202, test case 2. */
static void
test_hmac(void)
{
	static const unsigned char expected_256[] = {0x5b, 0xdc, 0xc1, 0x46,
		0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95,
		0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83,
		0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
	static const unsigned char expected_1[] = {0xef, 0xfc, 0xdf, 0x6a, 0xe5,
		0xeb, 0x2f, 0xa2, 0xd2, 0x74, 0x16, 0xd5, 0xf1, 0x84, 0xdf,
		0x9c, 0x25, 0x9a, 0x7c, 0x79};
	struct slice text = slice_of("what do ya want for nothing?");
	unsigned char out[SECRET_HASH_MAX];

	secret_hmac(
		secret_hash(SECRET_SCRAM_SHA_256), slice_of("Jefe"), text, out);
	is_bytes(out, (size_t)32, expected_256, sizeof expected_256,
		"HMAC-SHA-256");
	secret_hmac(
		secret_hash(SECRET_SCRAM_SHA_1), slice_of("Jefe"), text, out);
	is_bytes(out, (size_t)20, expected_1, sizeof expected_1, "HMAC-SHA-1");
}

/* A child with little memory: what it says of yescrypt's 16 MiB. */
static int
check_with_little(const char *stored)
{
	struct rlimit limit = {8 << 20, 8 << 20};
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (setrlimit(RLIMIT_AS, &limit) == -1)
			_exit(99);
		_exit((int)check(stored, "pencil"));
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
test_memory(void)
{
#if defined(__SANITIZE_ADDRESS__)
	(void)check_with_little; /* the sanitizer itself needs more */
#else
	ok(check_with_little("$y$j9T$saltsalt$x") == SECRET_NO_MEMORY,
		"yescrypt without its memory is not a wrong password");
	ok(check_with_little("$7$AU..../....saltsalt$x") == SECRET_NO_MEMORY,
		"nor is scrypt");
	ok(check_with_little(SHA512) == SECRET_MATCH, "SHA-512 needs little");
#endif
	ok(check("$y$j9T$saltsalt$x", "pencil") == SECRET_MISMATCH,
		"with it, it is");
}

int
main(void)
{
	test_schemes();
	test_refused();
	test_others();
	test_salt_length();
	test_crypt_parts();
	test_password_length();
	test_derive();
	test_hmac();
	test_memory();
	return tap_done();
}
