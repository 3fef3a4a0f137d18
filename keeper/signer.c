/* signer - see signer.h. Run by the keeper, the only holder of the key. */
#include "keeper/signer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "keeper/pair.h"
#include "keeper/renewal.h"
#include "lib/buffer.h"
#include "lib/chain.h"
#include "lib/sign.h"

/* Octets: a hash's identifier has nine at most. */
#define INFO_MAX (10 + 9 + 64)

static const char dangling[] = "a link to nothing";

static int
fail(struct signer *s, const char *file, const char *reason)
{
	s->file = file;
	s->reason = reason;
	return -1;
}

/* -1 with s->file NULL: there is none. */
static int
open_file(struct signer *s, const char *path, const char *file)
{
	int fd = openat(
		AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1 && errno != ENOENT)
		fail(s, file, strerror(errno));
	else if (fd == -1 && renewal_dangles(path))
		fail(s, file, dangling);
	return fd;
}

static int
path_of(const struct signer *s, const char *name, const char *file, char *out,
	size_t cap)
{
	struct buffer path = {out, 0, cap, false};

	buffer_add_text(&path, s->directory);
	buffer_add_char(&path, '/');
	if (name != NULL) {
		buffer_add_text(&path, "servercerts/");
		buffer_add_text(&path, name);
		buffer_add_char(&path, '/');
	}
	buffer_add_text(&path, file);
	return buffer_string(&path) == NULL ? -1 : 0;
}

/* Opens a pair: the default one, or that of a name in servercerts. */
static int
open_pair(struct signer *s, const char *name, int *certificate, int *key)
{
	char path[1024];

	s->file = NULL;
	if (path_of(s, name, "servercert.pem", path, sizeof path) == -1)
		return fail(s, "servercert.pem", "path too long");
	*certificate = open_file(s, path, "servercert.pem");
	if (*certificate == -1)
		return s->file == NULL ? 0 : -1;
	if (path_of(s, name, "serverkey.pem", path, sizeof path) == -1)
		return fail(s, "serverkey.pem", "path too long");
	*key = open_file(s, path, "serverkey.pem");
	return s->file == NULL ? 0 : -1;
}

static void
close_pair(int *certificate, int *key)
{
	if (*certificate != -1)
		close(*certificate);
	if (*key != -1)
		close(*key);
	*certificate = *key = -1;
}

/* How many looks more the rest of a renewal is worth, if this is one. */
static int
half_renewed(const struct signer *s, const char *name, int certificate, int key)
{
	char path[1024];

	if (renewal_is_young(certificate) || renewal_is_young(key))
		return RENEWAL_TRIES;
	if (s->file != NULL && s->reason == dangling &&
		path_of(s, name, s->file, path, sizeof path) == 0 &&
		renewal_is_relinked(path))
		return RENEWAL_TRIES;
	return 0;
}

/*
 * Do certificate and key belong together? A child looks: this process is
 * about to fork the session, and must not have held the key in the clear.
 */
static bool
is_pair(struct signer *s)
{
	int status = -1;
	pid_t child;

	if (s->certificate_fd == -1)
		return false;
	child = fork();
	if (child == 0)
		_exit(pair_load(s, s->certificate_fd, s->key_fd) == 0 ? 0 : 1);
	if (child == -1)
		return true;
	while (waitpid(child, &status, 0) == -1 && errno == EINTR)
		continue;
	return status == 0;
}

/* Names the file with its directory, for the log; -1. */
static int
name_file(struct signer *s, const char *name)
{
	struct buffer b = BUFFER_OVER(s->file_text);

	buffer_add_text(&b, "control/");
	if (name != NULL) {
		buffer_add_text(&b, "servercerts/");
		buffer_add_text(&b, name);
		buffer_add_char(&b, '/');
	}
	buffer_add_text(&b, s->file);
	s->file = buffer_string(&b);
	return -1;
}

int
signer_open(struct signer *s, const char *directory, enum config_tls tls_min)
{
	s->directory = directory;
	s->certificate_fd = s->key_fd = -1;
	s->allow_sha1 = tls_min < TLS_1_2;
	for (int tries = 0;; tries++) {
		int *certificate = &s->certificate_fd, *key = &s->key_fd;
		int result = open_pair(s, NULL, certificate, key);

		if (tries >= half_renewed(s, NULL, *certificate, *key) ||
			(result == 0 && is_pair(s))) {
			if (result == 0)
				return 0;
			bool none = *certificate == -1 && s->reason == dangling;

			close_pair(certificate, key);
			name_file(s, NULL);
			return none ? 0 : -1;
		}
		close_pair(certificate, key);
		renewal_wait();
	}
}

bool
signer_present(const struct signer *s)
{
	return s->certificate_fd != -1;
}

/* Opens and decodes a pair; *wait: how long that may be worth another try. */
static int
load_once(struct signer *s, const char *name, int *wait)
{
	int certificate = -1, key = -1;
	int result = open_pair(s, name, &certificate, &key);

	if (result == 0)
		result = certificate == -1
				 ? fail(s, "servercert.pem", strerror(ENOENT))
				 : pair_load(s, certificate, key);
	*wait = result == 0 ? 0 : half_renewed(s, name, certificate, key);
	close_pair(&certificate, &key);
	return result;
}

static int
load_named(struct signer *s, const char *name)
{
	int wait;

	for (int tries = 0; load_once(s, name, &wait) == -1; tries++) {
		if (tries >= wait)
			return name_file(s, name);
		renewal_wait();
	}
	return 0;
}

/*
 * A certificate renewal replaces two files, one after the other; what we
 * opened may be one of each. So it is read again: by path where the account
 * may, else from what is open, which may be written in place.
 */
static int
load_default(struct signer *s)
{
	int wait;

	for (int tries = 0; pair_load(s, s->certificate_fd, s->key_fd) == -1;
		tries++) {
		if (load_once(s, NULL, &wait) == 0)
			break;
		if (wait == 0)
			wait = half_renewed(
				s, NULL, s->certificate_fd, s->key_fd);
		if (tries >= wait) {
			(void)pair_load(s, s->certificate_fd, s->key_fd);
			return name_file(s, NULL);
		}
		renewal_wait();
	}
	s->file = NULL;
	return 0;
}

/* "*.example.com" is for one label more, whatever it is. */
static bool
covers(struct slice entry, struct slice name)
{
	size_t dot = slice_find(name, '.');

	return entry.len > 2 && entry.data[0] == '*' && dot > 0 &&
	       dot < name.len &&
	       slice_equal_nocase(slice_from(entry, 1), slice_from(name, dot));
}

/*
 * The client's name never becomes a path: the directory's entry does. 1, 0
 * when there is none, -1 with file and reason when that cannot be told.
 */
static int
find_name(struct signer *s, struct slice name, char *out, size_t cap)
{
	char path[1024];
	int found = 0;
	bool exact = false;

	if (name.len == 0 || name.data[0] == '.' ||
		path_of(s, NULL, "servercerts", path, sizeof path) == -1)
		return 0;
	DIR *directory = opendir(path);

	if (directory == NULL)
		return errno == ENOENT ? 0
				       : fail(s, "control/servercerts",
						 strerror(errno));
	for (struct dirent *at; !exact && (at = readdir(directory)) != NULL;) {
		struct slice entry = slice_of(at->d_name);

		exact = slice_equal_nocase(entry, name);
		if ((exact || covers(entry, name)) &&
			slice_string(entry, out, cap) == 0)
			found = 1;
	}
	closedir(directory);
	return found;
}

/* An expired certificate is served; the log tells the admin. */
static int
loaded(struct signer *s, const char *name)
{
	if (s->dates != NULL) {
		fail(s, "servercert.pem", s->dates);
		name_file(s, name);
	}
	return 0;
}

int
signer_load(struct signer *s, struct slice name)
{
	char entry[256];

	s->file = NULL;
	int found = find_name(s, name, entry, sizeof entry);

	if (found == 0 && s->type != KEY_NONE)
		return 0;
	if (found == 0)
		return load_default(s) == -1 ? -1 : loaded(s, NULL);
	if (found == 1 && load_named(s, entry) == 0)
		return loaded(s, entry);
	/* The default pair then, and why. */
	const char *file = s->file, *reason = s->reason;

	if (s->type == KEY_NONE && load_default(s) == -1)
		return -1;
	s->file = file;
	s->reason = reason;
	return 0;
}

static bool
input_has_form(struct slice input)
{
	static const struct {
		unsigned char curve;
		size_t point;
	} curves[] = {{BR_EC_secp256r1, 65}, {BR_EC_secp384r1, 97},
		{BR_EC_secp521r1, 133}, {BR_EC_curve25519, 32}};
	const unsigned char *p =
		(const unsigned char *)input.data + CHANNEL_RANDOMS_LEN;

	if (input.len < CHANNEL_RANDOMS_LEN + 4)
		return false;
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
		explicit_bzero(&s->pair->key, sizeof s->pair->key);
	s->type = KEY_NONE;
	close_pair(&s->certificate_fd, &s->key_fd);
}
