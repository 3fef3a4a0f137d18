/* verify - see verify.h. Run by smtpd-check; memory lives as long as it. */
#include "client/verify.h"

#include <bearssl/bearssl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base64.h"
#include "lib/certificate.h"
#include "lib/chain.h"
#include "lib/clock.h"
#include "lib/path.h"
#include "lib/pem.h"

#define ROOTS_MAX 1024
#define ROOTS_FILE_MAX (16 << 20) /* octets */

struct verify_roots {
	br_x509_trust_anchor anchors[ROOTS_MAX];
	size_t len;
};

/* Octets that come in pieces; grown as they come. */
struct heap {
	unsigned char *data;
	size_t len;
	bool failed;
};

static void
heap_add(void *context, const void *data, size_t len)
{
	struct heap *h = context;
	unsigned char *grown = realloc(h->data, h->len + len + 1);

	if (grown == NULL) {
		h->failed = true;
		return;
	}
	memcpy(grown + h->len, data, len);
	h->data = grown;
	h->len += len;
}

static unsigned char *
copy(const unsigned char *data, size_t len, bool *failed)
{
	struct heap h = {NULL, 0, false};

	heap_add(&h, data, len);
	*failed = *failed || h.failed;
	return h.data;
}

/* The decoder's key points into the decoder: it is copied. */
static bool
copy_key(br_x509_pkey *to, const br_x509_pkey *from)
{
	bool failed = false;

	*to = *from;
	if (from->key_type == BR_KEYTYPE_RSA) {
		to->key.rsa.n =
			copy(from->key.rsa.n, from->key.rsa.nlen, &failed);
		to->key.rsa.e =
			copy(from->key.rsa.e, from->key.rsa.elen, &failed);
	} else {
		to->key.ec.q = copy(from->key.ec.q, from->key.ec.qlen, &failed);
	}
	return !failed;
}

/* A root that cannot be read is left out: others may do. */
static void
add_root(struct verify_roots *roots, struct slice der)
{
	br_x509_trust_anchor *a = &roots->anchors[roots->len];
	struct heap name = {NULL, 0, false};
	br_x509_decoder_context decoder;

	if (roots->len == ROOTS_MAX)
		return;
	br_x509_decoder_init(&decoder, heap_add, &name);
	br_x509_decoder_push(&decoder, der.data, der.len);
	const br_x509_pkey *key = br_x509_decoder_get_pkey(&decoder);

	if (key == NULL || name.failed || !copy_key(&a->pkey, key)) {
		free(name.data);
		return;
	}
	a->dn = (br_x500_name){name.data, name.len};
	a->flags = br_x509_decoder_isCA(&decoder) ? BR_X509_TA_CA : 0;
	roots->len++;
}

static void
add_roots(struct verify_roots *roots, char *text, size_t len)
{
	struct pem_object object;

	while (pem_next(&text, &len, &object) == PEM_OBJECT) {
		size_t cap = BASE64_DECODED_MAX(object.base64.len);
		struct buffer der = {malloc(cap + 1), 0, cap, false};

		if (der.data != NULL && pem_is_certificate(object.name) &&
			base64_decode(&der, object.base64) == 0)
			add_root(roots, buffer_slice(&der));
		free(der.data);
	}
}

static int
read_whole(const char *path, struct heap *text)
{
	unsigned char piece[65536];
	int fd = path_open(path);
	ssize_t n;

	if (fd == -1)
		return -1;
	while ((n = read(fd, piece, sizeof piece)) > 0 &&
		text->len < ROOTS_FILE_MAX && !text->failed)
		heap_add(text, piece, (size_t)n);
	close(fd);
	return n == 0 && !text->failed ? 0 : -1;
}

struct verify_roots *
verify_load(const char *path)
{
	struct heap text = {NULL, 0, false};
	struct verify_roots *roots = calloc(1, sizeof *roots);

	if (roots == NULL || read_whole(path, &text) == -1) {
		free(roots);
		roots = NULL;
	} else {
		add_roots(roots, (char *)text.data, text.len);
	}
	free(text.data);
	return roots;
}

static int
decode_leaf(struct slice chain, br_x509_decoder_context *leaf)
{
	struct slice certificate;

	br_x509_decoder_init(leaf, NULL, NULL);
	if (!chain_take(&chain, &certificate))
		return -1;
	br_x509_decoder_push(leaf, certificate.data, certificate.len);
	return br_x509_decoder_get_pkey(leaf) == NULL ? -1 : 0;
}

/* BearSSL's verdict on a chain at a time; name NULL: any. */
static unsigned
verdict(const struct verify_roots *roots, struct slice chain, const char *name,
	uint32_t days, uint32_t seconds)
{
	br_ssl_client_context profile; /* sets what minimal may use */
	br_x509_minimal_context minimal;
	const br_x509_class **x509 = &minimal.vtable;
	struct slice certificate;

	br_ssl_client_init_full(&profile, &minimal,
		roots == NULL ? NULL : roots->anchors,
		roots == NULL ? 0 : roots->len);
	br_x509_minimal_set_time(&minimal, days, seconds);
	(*x509)->start_chain(x509, name);
	while (chain_take(&chain, &certificate)) {
		(*x509)->start_cert(x509, (uint32_t)certificate.len);
		(*x509)->append(x509, (const unsigned char *)certificate.data,
			certificate.len);
		(*x509)->end_cert(x509);
	}
	return chain.len > 0 ? BR_ERR_X509_INVALID_VALUE
			     : (*x509)->end_chain(x509);
}

static const char *
fault(unsigned error)
{
	switch (error) {
	case 0:
		return NULL;
	case BR_ERR_X509_EXPIRED:
		return "an intermediate certificate is out of date";
	case BR_ERR_X509_NOT_TRUSTED:
		return "leads to no root of this system: self-signed, or an "
		       "intermediate certificate is missing";
	case BR_ERR_X509_DN_MISMATCH:
		return "certificates in the wrong order, or not of one chain";
	case BR_ERR_X509_BAD_SIGNATURE:
		return "a signature in it is wrong";
	case BR_ERR_X509_WEAK_PUBLIC_KEY:
		return "a key in it is too short";
	case BR_ERR_X509_NOT_CA:
	case BR_ERR_X509_FORBIDDEN_KEY_USAGE:
		return "a certificate in it may not be used so";
	case BR_ERR_X509_CRITICAL_EXTENSION:
	case BR_ERR_X509_UNSUPPORTED:
		return "holds something that is not supported";
	default:
		return "malformed";
	}
}

/* The leaf on its first day, when what signed it may not have been there. */
static unsigned
verdict_first_day(const struct verify_roots *roots, struct slice chain,
	const br_x509_decoder_context *leaf)
{
	static struct verify_roots issuer;
	struct slice above = chain, next;
	struct certificate_time now = certificate_now();
	bool more = chain_take(&above, &next) && above.len > 0;
	size_t own = chain.len - above.len; /* octets of the leaf */

	if (!more)
		return verdict(roots, chain, NULL, leaf->notbefore_days,
			leaf->notbefore_seconds);
	unsigned error = verdict(roots, above, NULL, now.days, now.seconds);

	if (error != 0)
		return error;
	issuer.len = 0;
	if (chain_take(&above, &next))
		add_root(&issuer, next);
	return verdict(&issuer, (struct slice){chain.data, own}, NULL,
		leaf->notbefore_days, leaf->notbefore_seconds);
}

const char *
verify_trust(const struct verify_roots *roots, struct slice chain)
{
	br_x509_decoder_context leaf;
	int64_t left, until;
	struct certificate_time now = certificate_now();

	if (decode_leaf(chain, &leaf) == -1 ||
		verify_days(chain, &left, &until) == -1)
		return fault(BR_ERR_X509_INVALID_VALUE);
	if (left < 0 || until > 0)
		return fault(verdict_first_day(roots, chain, &leaf));
	return fault(verdict(roots, chain, NULL, now.days, now.seconds));
}

bool
verify_name(struct slice chain, const char *name)
{
	br_x509_decoder_context leaf;
	struct slice rest = chain, first;

	if (decode_leaf(chain, &leaf) == -1 || !chain_take(&rest, &first))
		return false;
	/* The leaf alone, so that nothing else can be wrong. */
	chain.len -= rest.len;
	return verdict(NULL, chain, name, leaf.notbefore_days,
		       leaf.notbefore_seconds) != BR_ERR_X509_BAD_SERVER_NAME;
}

int
verify_days(struct slice chain, int64_t *left, int64_t *until)
{
	br_x509_decoder_context leaf;
	int64_t now = clock_seconds();

	if (decode_leaf(chain, &leaf) == -1)
		return -1;
	int64_t more =
		certificate_seconds(leaf.notafter_days, leaf.notafter_seconds) -
		now;
	int64_t wait = certificate_seconds(
			       leaf.notbefore_days, leaf.notbefore_seconds) -
		       now;

	*left = more >= 0 ? more / 86400 : -1 - (-1 - more) / 86400;
	*until = wait <= 0 ? 0 : 1 + (wait - 1) / 86400;
	return 0;
}
