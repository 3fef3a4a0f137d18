/*
 * secret - see secret.h. Run by the authenticator, and by smtpd-passwd where
 * passwords are set and tried.
 */
#include "auth/secret.h"

#include <crypt.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "auth/cost.h"
#include "auth/md5.h"
#include "lib/base64.h"
#include "lib/hex.h"

#define CRYPT_STRING_MAX 384
#define CRYPT_MEMORY_MORE ((size_t)1 << 20) /* octets besides cost_memory() */

static const struct scheme {
	const char *name;
	enum secret_kind kind;
} schemes[] = {
	{"SCRAM-SHA-256", SECRET_SCRAM_SHA_256},
	{"SCRAM-SHA-1", SECRET_SCRAM_SHA_1},
	{"CRYPT", SECRET_CRYPT},
	{"SHA512-CRYPT", SECRET_CRYPT},
	{"SHA256-CRYPT", SECRET_CRYPT},
	{"BLF-CRYPT", SECRET_CRYPT},
	{"MD5-CRYPT", SECRET_CRYPT},
	{"DES-CRYPT", SECRET_CRYPT},
	{"PLAIN", SECRET_PLAIN},
	{"CLEARTEXT", SECRET_PLAIN},
	{"CLEAR", SECRET_PLAIN},
	{"CRAM-MD5", SECRET_CRAM_MD5},
	{"DIGEST-MD5", SECRET_DIGEST_MD5},
	{"CERT-SHA256", SECRET_CERT_SHA256},
};

const br_hash_class *
secret_hash(enum secret_kind kind)
{
	return kind == SECRET_SCRAM_SHA_1 ? &br_sha1_vtable : &br_sha256_vtable;
}

size_t
secret_hash_len(enum secret_kind kind)
{
	return kind == SECRET_SCRAM_SHA_1 ? br_sha1_SIZE : br_sha256_SIZE;
}

/* --------------------------------------------------------------- parse --- */

static int
decode_exactly(struct slice text, unsigned char *out, size_t len)
{
	struct buffer b = {(char *)out, 0, len, false};

	return base64_decode(&b, text) == 0 && b.len == len ? 0 : -1;
}

/* iterations,salt,StoredKey,ServerKey */
static int
parse_scram(struct secret *secret, struct slice value)
{
	size_t hash_len = secret_hash_len(secret->kind);
	struct buffer salt = {
		(char *)secret->salt, 0, sizeof secret->salt, false};
	struct slice count = slice_split(&value, ',');
	struct slice salt64 = slice_split(&value, ',');
	struct slice stored = slice_split(&value, ',');
	uint64_t iterations;

	if (value.data == NULL || slice_number(count, &iterations) == -1 ||
		iterations < 1 || iterations > SECRET_ITERATIONS_MAX ||
		base64_decode(&salt, salt64) == -1 || salt.len == 0 ||
		decode_exactly(stored, secret->stored_key, hash_len) == -1 ||
		decode_exactly(value, secret->server_key, hash_len) == -1)
		return -1;
	secret->iterations = (uint32_t)iterations;
	secret->salt_len = salt.len;
	return 0;
}

static int
parse_crypt(struct secret *secret, struct slice value)
{
	if (value.len == 0 || value.len >= CRYPT_STRING_MAX ||
		slice_find(value, '\0') != value.len)
		return -1;
	if (value.data[0] == '*' || value.data[0] == '!') {
		secret->kind = SECRET_UNKNOWN; /* locked, as in shadow(5) */
		return 0;
	}
	if (!cost_is_sane(value))
		return -1;
	secret->text = value;
	return 0;
}

/* Exactly len octets in hexadecimal. */
static int
parse_hex(struct secret *secret, struct slice value, size_t len)
{
	struct buffer b = {(char *)secret->octets, 0, len, false};

	return value.len == 2 * len ? hex_decode(&b, value) : -1;
}

/* The realm may hold commas, the digits do not. */
static int
parse_digest(struct secret *secret, struct slice value)
{
	size_t at = slice_find_last(value, ',');

	if (at == value.len)
		return -1;
	secret->text = (struct slice){value.data, at};
	return parse_hex(secret, slice_from(value, at + 1), MD5_LEN);
}

static int
parse(struct secret *secret, struct slice text)
{
	if (text.len == 0)
		return -1;
	if (text.data[0] != '{') {
		secret->kind = SECRET_CRYPT;
		return parse_crypt(secret, text);
	}
	struct slice value = slice_from(text, 1);
	struct slice name = slice_split(&value, '}');

	if (value.data == NULL)
		return -1;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (slice_is_nocase(name, schemes[i].name))
			secret->kind = schemes[i].kind;
	switch (secret->kind) {
	case SECRET_SCRAM_SHA_256:
	case SECRET_SCRAM_SHA_1:
		return parse_scram(secret, value);
	case SECRET_CRYPT:
		return parse_crypt(secret, value);
	case SECRET_PLAIN:
		secret->text = value;
		return value.len > 0 && value.len <= SECRET_PASSWORD_MAX ? 0
									 : -1;
	case SECRET_CRAM_MD5:
		return parse_hex(secret, value, MD5_CONTEXTS_LEN);
	case SECRET_DIGEST_MD5:
		return parse_digest(secret, value);
	case SECRET_CERT_SHA256:
		return parse_hex(secret, value, br_sha256_SIZE);
	default:
		return 0;
	}
}

int
secret_parse(struct secret *secret, struct slice text)
{
	static const struct secret unknown = {.kind = SECRET_UNKNOWN};

	*secret = unknown;
	if (parse(secret, text) == 0)
		return 0;
	*secret = unknown;
	return -1;
}

/* -------------------------------------------------------- SCRAM's sums --- */

void
secret_hmac(const br_hash_class *hash, struct slice key, struct slice text,
	unsigned char *out)
{
	br_hmac_key_context keyed;
	br_hmac_context hmac;

	br_hmac_key_init(&keyed, hash, key.data, key.len);
	br_hmac_init(&hmac, &keyed, 0);
	br_hmac_update(&hmac, text.data, text.len);
	br_hmac_out(&hmac, out);
	explicit_bzero(&keyed, sizeof keyed);
	explicit_bzero(&hmac, sizeof hmac);
}

/* Hi() of RFC 5802 §2.2: PBKDF2 with one block. */
static void
salted_password(
	const struct secret *secret, struct slice password, unsigned char *out)
{
	static const unsigned char block[] = {0, 0, 0, 1};
	const br_hash_class *hash = secret_hash(secret->kind);
	size_t len = secret_hash_len(secret->kind);
	unsigned char u[SECRET_HASH_MAX];
	br_hmac_key_context keyed;
	br_hmac_context hmac;

	br_hmac_key_init(&keyed, hash, password.data, password.len);
	br_hmac_init(&hmac, &keyed, 0);
	br_hmac_update(&hmac, secret->salt, secret->salt_len);
	br_hmac_update(&hmac, block, sizeof block);
	br_hmac_out(&hmac, u);
	memcpy(out, u, len);
	for (uint32_t i = 1; i < secret->iterations; i++) {
		br_hmac_init(&hmac, &keyed, 0);
		br_hmac_update(&hmac, u, len);
		br_hmac_out(&hmac, u);
		for (size_t k = 0; k < len; k++)
			out[k] ^= u[k];
	}
	explicit_bzero(&keyed, sizeof keyed);
	explicit_bzero(&hmac, sizeof hmac);
	explicit_bzero(u, sizeof u);
}

void
secret_digest(enum secret_kind kind, struct slice text, unsigned char *out)
{
	const br_hash_class *hash = secret_hash(kind);
	br_hash_compat_context context;

	hash->init(&context.vtable);
	hash->update(&context.vtable, text.data, text.len);
	hash->out(&context.vtable, out);
	explicit_bzero(&context, sizeof context);
}

/* RFC 5802 §3: ClientKey, StoredKey, ServerKey. */
void
secret_derive(struct secret *secret, struct slice password)
{
	const br_hash_class *hash = secret_hash(secret->kind);
	size_t len = secret_hash_len(secret->kind);
	unsigned char salted[SECRET_HASH_MAX], client_key[SECRET_HASH_MAX];
	struct slice key = {(const char *)salted, len};

	salted_password(secret, password, salted);
	secret_hmac(hash, key, slice_of("Client Key"), client_key);
	secret_digest(secret->kind,
		(struct slice){(const char *)client_key, len},
		secret->stored_key);
	secret_hmac(hash, key, slice_of("Server Key"), secret->server_key);
	explicit_bzero(salted, sizeof salted);
	explicit_bzero(client_key, sizeof client_key);
}

/* --------------------------------------------------------------- check --- */

static enum secret_result
check_scram(const struct secret *secret, struct slice password)
{
	struct secret given = *secret;

	secret_derive(&given, password);
	bool same = bytes_equal_constant_time(given.stored_key,
		secret->stored_key, secret_hash_len(secret->kind));

	explicit_bzero(&given, sizeof given);
	return same ? SECRET_MATCH : SECRET_MISMATCH;
}

/* Asks for the memory that crypt_rn() wanted: why it failed it doesn't tell. */
static bool
memory_is_short(struct slice stored)
{
	uint64_t octets = cost_memory(stored);

	if (octets == 0 || octets > COST_MEMORY_MAX)
		return false;
	size_t len = (size_t)octets + CRYPT_MEMORY_MORE;
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return true;
	munmap(memory, len);
	return false;
}

static enum secret_result
compare_crypt(
	const struct secret *secret, const char *password, const char *stored)
{
	static struct crypt_data data;

	errno = 0;
	const char *result =
		crypt_rn(password, stored, &data, (int)sizeof data);
	enum secret_result match = SECRET_MISMATCH;

	if (result == NULL &&
		(errno == ENOMEM || memory_is_short(secret->text)))
		match = SECRET_NO_MEMORY;
	/* "*0" and "*1" are libxcrypt's failures, never a hash. */
	if (result != NULL && result[0] != '*' && stored[0] != '*' &&
		stored[0] != '!' && strlen(result) == secret->text.len &&
		bytes_equal_constant_time(result, stored, secret->text.len))
		match = SECRET_MATCH;
	explicit_bzero(&data, sizeof data);
	return match;
}

static enum secret_result
check_crypt(const struct secret *secret, struct slice password)
{
	char text[SECRET_PASSWORD_MAX + 1], stored[CRYPT_STRING_MAX];
	enum secret_result result = SECRET_MISMATCH;

	if (slice_string(password, text, sizeof text) == 0 &&
		slice_string(secret->text, stored, sizeof stored) == 0)
		result = compare_crypt(secret, text, stored);
	explicit_bzero(text, sizeof text);
	return result;
}

/* By a hash of both, so that the time tells nothing of length or content. */
static enum secret_result
check_plain(const struct secret *secret, struct slice password)
{
	unsigned char a[SECRET_HASH_MAX], b[SECRET_HASH_MAX];

	secret_digest(SECRET_SCRAM_SHA_256, secret->text, a);
	secret_digest(SECRET_SCRAM_SHA_256, password, b);
	bool same = bytes_equal_constant_time(a, b, sizeof a);

	explicit_bzero(a, sizeof a);
	explicit_bzero(b, sizeof b);
	return same ? SECRET_MATCH : SECRET_MISMATCH;
}

static enum secret_result
check_cram(const struct secret *secret, struct slice password)
{
	unsigned char contexts[MD5_CONTEXTS_LEN];

	md5_contexts(password, contexts);
	bool same = bytes_equal_constant_time(
		contexts, secret->octets, sizeof contexts);

	explicit_bzero(contexts, sizeof contexts);
	return same ? SECRET_MATCH : SECRET_MISMATCH;
}

bool
secret_checks_password(enum secret_kind kind)
{
	return kind != SECRET_UNKNOWN && kind != SECRET_DIGEST_MD5 &&
	       kind != SECRET_CERT_SHA256;
}

enum secret_result
secret_check(const struct secret *secret, struct slice password)
{
	bool too_long = password.len > SECRET_PASSWORD_MAX;
	enum secret_result result = SECRET_MISMATCH;

	/* The same work, and then no. */
	if (too_long)
		password.len = SECRET_PASSWORD_MAX;
	switch (secret->kind) {
	case SECRET_SCRAM_SHA_256:
	case SECRET_SCRAM_SHA_1:
		result = check_scram(secret, password);
		break;
	case SECRET_CRYPT:
		result = check_crypt(secret, password);
		break;
	case SECRET_PLAIN:
		result = check_plain(secret, password);
		break;
	case SECRET_CRAM_MD5:
		result = check_cram(secret, password);
		break;
	case SECRET_UNKNOWN:
	case SECRET_DIGEST_MD5:
	case SECRET_CERT_SHA256:
		break;
	}
	return too_long && result == SECRET_MATCH ? SECRET_MISMATCH : result;
}
