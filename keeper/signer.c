/* signer - see signer.h. Run by the keeper, the only holder of the key. */
#include "keeper/signer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/buffer.h"

#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 4096
/*
 * BearSSL 0.6 checks the length of a key against the wrong constant; an
 * RSA-4096 key in PKCS #8 is 2,376 octets, so nothing longer reaches it.
 */
#define KEY_DER_MAX 2400
#define DAYS_TO_1970 719528 /* BearSSL counts days from the year 0 */

/* A PEM file on its way through the decoder. */
struct pem {
	struct signer *signer;
	bool want_chain, want_key;
	bool in_certificate, in_key;
	unsigned char der[KEY_DER_MAX];
	size_t der_len;
	size_t object;     /* where the current certificate's length goes */
	bool overflow;
	unsigned keys;
};

static int
fail(struct signer *s, const char *file, const char *reason)
{
	s->file = file;
	s->reason = reason;
	return -1;
}

static int
open_file(struct signer *s, const char *path, const char *file)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd == -1 && errno != ENOENT) {
		fail(s, file, strerror(errno));
		return -1;
	}
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

int
signer_open(struct signer *s, const char *directory, enum config_tls tls_min)
{
	s->directory = directory;
	s->certificate_fd = s->key_fd = -1;
	s->allow_sha1 = tls_min < TLS_1_2;
	return open_pair(s, NULL, &s->certificate_fd, &s->key_fd);
}

bool
signer_present(const struct signer *s)
{
	return s->certificate_fd != -1;
}

static void
take_certificate(void *context, const void *data, size_t len)
{
	struct pem *pem = context;
	struct signer *s = pem->signer;

	if (len > sizeof s->chain - s->chain_len) {
		pem->overflow = true;
		return;
	}
	memcpy(s->chain + s->chain_len, data, len);
	s->chain_len += len;
}

static void
take_key(void *context, const void *data, size_t len)
{
	struct pem *pem = context;

	if (len > sizeof pem->der - pem->der_len) {
		pem->overflow = true;
		return;
	}
	memcpy(pem->der + pem->der_len, data, len);
	pem->der_len += len;
}

static void
begin_object(struct pem *pem, br_pem_decoder_context *decoder)
{
	struct slice name = slice_of(br_pem_decoder_name(decoder));
	struct signer *s = pem->signer;

	pem->in_certificate = pem->want_chain &&
		(slice_is(name, "CERTIFICATE") ||
			slice_is(name, "X509 CERTIFICATE"));
	/* The first key counts; a second one would only be confusing. */
	pem->in_key = pem->want_key && pem->keys == 0 &&
		(slice_is(name, "PRIVATE KEY") ||
			slice_is(name, "EC PRIVATE KEY") ||
			slice_is(name, "RSA PRIVATE KEY"));
	br_pem_decoder_setdest(decoder, NULL, NULL);
	if (pem->in_certificate) {
		pem->object = s->chain_len;
		if (sizeof s->chain - s->chain_len < 2)
			pem->overflow = true;
		else
			s->chain_len += 2;
		br_pem_decoder_setdest(decoder, take_certificate, pem);
	}
	if (pem->in_key)
		br_pem_decoder_setdest(decoder, take_key, pem);
}

static void
end_object(struct pem *pem)
{
	struct signer *s = pem->signer;

	if (pem->in_certificate && !pem->overflow) {
		size_t len = s->chain_len - pem->object - 2;

		s->chain[pem->object] = (unsigned char)(len >> 8);
		s->chain[pem->object + 1] = (unsigned char)len;
	}
	pem->keys += pem->in_key;
}

/* Decodes a whole PEM file. Returns NULL or what is wrong. */
static const char *
decode_pem(struct pem *pem, const char *text, size_t len)
{
	br_pem_decoder_context decoder;

	if (memmem(text, len, "ENCRYPTED", 9) != NULL && pem->want_key)
		return "the key is encrypted";
	br_pem_decoder_init(&decoder);
	while (len > 0) {
		size_t n = br_pem_decoder_push(&decoder, text, len);

		text += n;
		len -= n;
		switch (br_pem_decoder_event(&decoder)) {
		case BR_PEM_BEGIN_OBJ:
			begin_object(pem, &decoder);
			break;
		case BR_PEM_END_OBJ:
			end_object(pem);
			break;
		case BR_PEM_ERROR:
			return "not PEM";
		default:
			break;
		}
	}
	explicit_bzero(&decoder, sizeof decoder);
	return pem->overflow ? "too large" : NULL;
}

static const char *
read_pem(struct pem *pem, int fd)
{
	static char text[SIGNER_FILE_MAX];
	struct stat status;

	if (fstat(fd, &status) == -1)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "not a regular file";
	ssize_t n = pread(fd, text, sizeof text, 0);

	if (n == -1)
		return strerror(errno);
	const char *reason = (size_t)n == sizeof text
		? "too large"
		: decode_pem(pem, text, (size_t)n);

	explicit_bzero(text, (size_t)n);
	return reason;
}

static const char *
decode_key(struct signer *s, const struct pem *pem)
{
	/* The object identifiers of Ed25519 and Ed448, RFC 8410. */
	static const unsigned char ed[] = {0x06, 0x03, 0x2b, 0x65};

	if (pem->keys == 0)
		return "holds no private key";
	if (memmem(pem->der, pem->der_len, ed, sizeof ed) != NULL)
		return "Ed25519 and Ed448 keys are not supported";
	br_skey_decoder_init(&s->key);
	br_skey_decoder_push(&s->key, pem->der, pem->der_len);
	if (br_skey_decoder_last_error(&s->key) != 0)
		return "not a private key of a known kind";
	switch (br_skey_decoder_key_type(&s->key)) {
	case BR_KEYTYPE_EC:
		s->type = KEY_EC;
		return NULL;
	case BR_KEYTYPE_RSA:
		if (br_skey_decoder_get_rsa(&s->key)->n_bitlen < RSA_BITS_MIN ||
			br_skey_decoder_get_rsa(&s->key)->n_bitlen >
				RSA_BITS_MAX)
			return "RSA keys must have 2048 to 4096 bits";
		s->type = KEY_RSA;
		return NULL;
	default:
		return "not a private key of a known kind";
	}
}

/*
 * Does the key belong to the certificate? An EC key file usually carries its
 * public point, which is then just found there; computing it would cost as
 * much as the signature.
 */
static bool
key_fits(const struct signer *s, const struct pem *pem,
	const br_x509_pkey *public)
{
	unsigned char computed[512];

	if (s->type == KEY_EC && public->key_type == BR_KEYTYPE_EC) {
		const br_ec_private_key *key = br_skey_decoder_get_ec(&s->key);
		br_ec_public_key point;

		if (memmem(pem->der, pem->der_len, public->key.ec.q,
			    public->key.ec.qlen) != NULL)
			return true;
		return br_ec_compute_pub(br_ec_get_default(), &point, computed,
			       key) == public->key.ec.qlen &&
			memcmp(computed, public->key.ec.q,
				public->key.ec.qlen) == 0;
	}
	if (s->type == KEY_RSA && public->key_type == BR_KEYTYPE_RSA) {
		const br_rsa_private_key *key = br_skey_decoder_get_rsa(&s->key);
		size_t len = br_rsa_compute_modulus_get_default()(NULL, key);

		return len == public->key.rsa.nlen && len <= sizeof computed &&
			br_rsa_compute_modulus_get_default()(computed, key) ==
			len &&
			memcmp(computed, public->key.rsa.n, len) == 0;
	}
	return false;
}

/* Looks at the leaf: dates, and whether the key is its own. */
static const char *
check_leaf(struct signer *s, const struct pem *pem)
{
	br_x509_decoder_context leaf;
	size_t len = (size_t)s->chain[0] << 8 | s->chain[1];

	br_x509_decoder_init(&leaf, NULL, NULL);
	br_x509_decoder_push(&leaf, s->chain + 2, len);
	const br_x509_pkey *public = br_x509_decoder_get_pkey(&leaf);

	if (public == NULL)
		return "not a certificate with an EC or RSA key";
	s->expired = (int64_t)leaf.notafter_days - DAYS_TO_1970 <
		time(NULL) / 86400;
	return key_fits(s, pem, public) ? NULL : "certificate and key differ";
}

static int
load_pair(struct signer *s, int certificate, int key)
{
	struct pem pem = {.signer = s, .want_chain = true, .want_key = key == -1};
	const char *file = "servercert.pem";

	s->type = KEY_NONE;
	s->chain_len = 0;
	const char *reason = read_pem(&pem, certificate);

	if (reason == NULL && s->chain_len == 0)
		reason = "holds no certificate";
	if (reason == NULL && key != -1) {
		file = "serverkey.pem";
		pem.want_chain = false;
		pem.want_key = true;
		reason = read_pem(&pem, key);
	}
	if (reason == NULL)
		reason = decode_key(s, &pem);
	if (reason == NULL) {
		file = "servercert.pem";
		reason = check_leaf(s, &pem);
	}
	explicit_bzero(&pem, sizeof pem);
	if (reason == NULL)
		return 0;
	explicit_bzero(&s->key, sizeof s->key);
	s->type = KEY_NONE;
	return fail(s, file, reason);
}

/* Names the file with its directory, for the log. */
static void
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
}

static int
load_named(struct signer *s, const char *name)
{
	int certificate = -1, key = -1;
	int result = open_pair(s, name, &certificate, &key);

	if (result == 0)
		result = certificate == -1
			? fail(s, "servercert.pem", strerror(ENOENT))
			: load_pair(s, certificate, key);
	if (certificate != -1)
		close(certificate);
	if (key != -1)
		close(key);
	return result;
}

/*
 * A certificate renewal replaces two files, one after the other; what we
 * opened may be one of each. So it is read once more: by path where the
 * account may, else from what is open.
 */
static int
load_default(struct signer *s)
{
	if (load_pair(s, s->certificate_fd, s->key_fd) == 0)
		return 0;
	if (load_named(s, NULL) == 0 ||
		load_pair(s, s->certificate_fd, s->key_fd) == 0) {
		s->file = NULL;
		return 0;
	}
	name_file(s, NULL);
	return -1;
}

/* The client's name never becomes a path: the directory's entry does. */
static bool
find_name(const struct signer *s, struct slice name, char *out, size_t cap)
{
	char path[1024];
	bool found = false;

	if (name.len == 0 || name.data[0] == '.' ||
		path_of(s, NULL, "servercerts", path, sizeof path) == -1)
		return false;
	DIR *directory = opendir(path);

	if (directory == NULL)
		return false;
	for (struct dirent *entry; !found &&
		(entry = readdir(directory)) != NULL;)
		found = slice_equal_nocase(slice_of(entry->d_name), name) &&
			slice_string(slice_of(entry->d_name), out, cap) == 0;
	closedir(directory);
	return found;
}

int
signer_load(struct signer *s, struct slice name)
{
	char entry[256];

	s->file = NULL;
	if (find_name(s, name, entry, sizeof entry)) {
		if (load_named(s, entry) == 0)
			return 0;
		name_file(s, entry);
		const char *file = s->file, *reason = s->reason;

		if (load_pair(s, s->certificate_fd, s->key_fd) == -1)
			return -1;
		s->file = file;
		s->reason = reason;
		return 0;
	}
	return s->type != KEY_NONE ? 0 : load_default(s);
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

static size_t
sign_rsa(const struct signer *s, unsigned hash, struct slice input,
	unsigned char *signature)
{
	static const unsigned char *const oids[] = {NULL, NULL,
		BR_HASH_OID_SHA1, NULL, BR_HASH_OID_SHA256, BR_HASH_OID_SHA384,
		BR_HASH_OID_SHA512};
	const br_rsa_private_key *key = br_skey_decoder_get_rsa(&s->key);
	unsigned char value[64];
	const unsigned char *oid = NULL;
	size_t len;

	if (hash == 0) {
		/* TLS 1.0 and 1.1: both hashes, no identifier. RFC 4346 §4.7 */
		if (!s->allow_sha1)
			return 0;
		len = digest(&br_md5_vtable, input, value);
		len += digest(&br_sha1_vtable, input, value + len);
	} else {
		const br_hash_class *class = hash_of(s, hash);

		if (class == NULL)
			return 0;
		len = digest(class, input, value);
		oid = oids[hash];
	}
	if (!br_rsa_pkcs1_sign_get_default()(oid, value, len, key, signature))
		return 0;
	return (key->n_bitlen + 7) / 8;
}

size_t
signer_sign(struct signer *s, unsigned hash, struct slice input,
	unsigned char *signature)
{
	unsigned char value[64];
	const br_hash_class *class = hash_of(s, hash);
	size_t len = 0;

	if (s->used || s->type == KEY_NONE || !input_has_form(input))
		return 0;
	if (s->type == KEY_RSA) {
		len = sign_rsa(s, hash, input, signature);
	} else if (class != NULL) {
		digest(class, input, value);
		len = br_ecdsa_sign_asn1_get_default()(br_ec_get_default(), class,
			value, br_skey_decoder_get_ec(&s->key), signature);
	}
	s->used = len > 0;
	signer_close(s);
	return len;
}

void
signer_close(struct signer *s)
{
	explicit_bzero(&s->key, sizeof s->key);
	s->type = KEY_NONE;
	if (s->certificate_fd != -1)
		close(s->certificate_fd);
	if (s->key_fd != -1)
		close(s->key_fd);
	s->certificate_fd = s->key_fd = -1;
}
