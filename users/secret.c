/*
 * secret - see secret.h. Run by the authenticator, and by smtpd-passwd where
 * passwords are set and tried.
 */
#include "users/secret.h"

#include <crypt.h>
#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/pbkdf2.h>
#include <string.h>
#include <sys/mman.h>

#include "users/cost.h"
#include "users/md5.h"
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

const struct nettle_hash *
secret_hash(enum secret_kind kind)
{
	return kind == SECRET_SCRAM_SHA_1 ? &nettle_sha1 : &nettle_sha256;
}

size_t
secret_hash_len(enum secret_kind kind)
{
	return kind == SECRET_SCRAM_SHA_1 ? SHA1_DIGEST_SIZE
					  : SHA256_DIGEST_SIZE;
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
	struct buffer salt = BUFFER_OVER(secret->salt);
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
		return parse_hex(secret, value, SHA256_DIGEST_SIZE);
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

/* What a computation leaves: nettle's functions keep parts on the stack. */
static __attribute__((noinline)) void
wipe_stack(void)
{
	char below[2048];

	explicit_bzero(below, sizeof below);
}

void
secret_hmac(const struct nettle_hash *hash, struct slice key, struct slice text,
	unsigned char *out)
{
	struct sha256_ctx outer, inner, state; /* the largest of ours */

	hmac_set_key(&outer, &inner, &state, hash, key.len,
		(const uint8_t *)key.data);
	hmac_update(&state, hash, text.len, (const uint8_t *)text.data);
	hmac_digest(&outer, &inner, &state, hash, hash->digest_size, out);
	explicit_bzero(&outer, sizeof outer);
	explicit_bzero(&inner, sizeof inner);
	explicit_bzero(&state, sizeof state);
	wipe_stack();
}

/* Hi() of RFC 5802 §2.2: PBKDF2 with one block. */
static void
salted_password(
	const struct secret *secret, struct slice password, unsigned char *out)
{
	const uint8_t *key = (const uint8_t *)password.data;

	if (secret->kind == SECRET_SCRAM_SHA_1)
		pbkdf2_hmac_sha1(password.len, key, secret->iterations,
			secret->salt_len, secret->salt, SHA1_DIGEST_SIZE, out);
	else
		pbkdf2_hmac_sha256(password.len, key, secret->iterations,
			secret->salt_len, secret->salt, SHA256_DIGEST_SIZE,
			out);
	wipe_stack();
}

void
secret_digest(enum secret_kind kind, struct slice text, unsigned char *out)
{
	const struct nettle_hash *hash = secret_hash(kind);
	struct sha256_ctx context; /* the larger of the two */

	hash->init(&context);
	hash->update(&context, text.len, (const uint8_t *)text.data);
	hash->digest(&context, hash->digest_size, out);
	explicit_bzero(&context, sizeof context);
}

/* RFC 5802 §3: ClientKey, StoredKey, ServerKey. */
void
secret_derive(struct secret *secret, struct slice password)
{
	const struct nettle_hash *hash = secret_hash(secret->kind);
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

bool
secret_shares_derived(const struct secret *a, const struct secret *b)
{
	return (a->kind == SECRET_SCRAM_SHA_256 ||
		       a->kind == SECRET_SCRAM_SHA_1) &&
	       a->kind == b->kind && a->iterations == b->iterations &&
	       a->salt_len == b->salt_len &&
	       memcmp(a->salt, b->salt, a->salt_len) == 0;
}

static enum secret_result
check_scram(const struct secret *secret, struct slice password,
	struct secret *derived)
{
	if (!secret_shares_derived(secret, derived)) {
		*derived = *secret;
		secret_derive(derived, password);
	}
	return bytes_equal_constant_time(derived->stored_key,
		       secret->stored_key, secret_hash_len(secret->kind))
		       ? SECRET_MATCH
		       : SECRET_MISMATCH;
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

/* In fields of one length: the time tells nothing of length or content. */
static enum secret_result
check_plain(const struct secret *secret, struct slice password)
{
	char a[SECRET_PASSWORD_MAX + 1] = "", b[SECRET_PASSWORD_MAX + 1] = "";
	struct buffer stored = BUFFER_OVER(a), given = BUFFER_OVER(b);

	buffer_add_slice(&stored, secret->text);
	buffer_add_slice(&given, password);
	bool same = bytes_equal_constant_time(a, b, sizeof a) &
		    (stored.len == given.len);

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
secret_is(const struct secret *secret, unsigned kinds)
{
	return (kinds & SECRET_BIT(secret->kind)) != 0;
}

enum secret_result
secret_check(const struct secret *secret, struct slice password)
{
	struct secret derived = {.kind = SECRET_UNKNOWN};
	enum secret_result result =
		secret_check_next(secret, password, &derived);

	explicit_bzero(&derived, sizeof derived);
	return result;
}

enum secret_result
secret_check_next(const struct secret *secret, struct slice password,
	struct secret *derived)
{
	bool too_long = password.len > SECRET_PASSWORD_MAX;
	enum secret_result result = SECRET_MISMATCH;

	/* The same work, and then no. */
	if (too_long)
		password.len = SECRET_PASSWORD_MAX;
	switch (secret->kind) {
	case SECRET_SCRAM_SHA_256:
	case SECRET_SCRAM_SHA_1:
		result = check_scram(secret, password, derived);
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
