/*
 * clientca - see clientca.h. Run by main before it forks, by the keeper, the
 * authenticator and smtpd-check.
 */
#include "sasl/clientca.h"

#include <errno.h>
#include <string.h>

#include "lib/base64.h"
#include "lib/certificate.h"
#include "lib/chain.h"
#include "lib/der.h"
#include "lib/path.h"
#include "lib/pem.h"

#define RSA_OCTETS_MIN 256
#define CERTIFICATE_MAX 16384 /* octets of one, DER */
#define DER_REJECTED 0xa0     /* [0] */

/* ---------------------------------------------------------------- load --- */

struct reading {
	struct clientca *ca;
	br_x509_decoder_context certificate;
	size_t start; /* of the current name */
	bool overflow;
};

/* Memory of the authorities', or NULL when that is used up. */
static unsigned char *
keep(struct reading *r, const void *data, size_t len)
{
	struct clientca *ca = r->ca;

	if (len > sizeof ca->memory - ca->used) {
		r->overflow = true;
		return NULL;
	}
	unsigned char *at = ca->memory + ca->used;

	memcpy(at, data, len);
	ca->used += len;
	return at;
}

static void
take_name(void *context, const void *data, size_t len)
{
	(void)keep(context, data, len);
}

static const char *
add_anchor(struct reading *r)
{
	struct clientca *ca = r->ca;
	const br_x509_pkey *key = br_x509_decoder_get_pkey(&r->certificate);

	if (key == NULL)
		return "not a certificate with an EC or RSA key";
	if (ca->count == CLIENTCA_MAX)
		return "too many certificates";
	br_x509_trust_anchor *anchor = &ca->anchors[ca->count++];

	anchor->dn = (br_x500_name){ca->memory + r->start, ca->used - r->start};
	/* What is no authority vouches for itself alone. */
	anchor->flags =
		br_x509_decoder_isCA(&r->certificate) ? BR_X509_TA_CA : 0u;
	anchor->pkey = *key;
	if (key->key_type == BR_KEYTYPE_RSA) {
		anchor->pkey.key.rsa.n =
			keep(r, key->key.rsa.n, key->key.rsa.nlen);
		anchor->pkey.key.rsa.e =
			keep(r, key->key.rsa.e, key->key.rsa.elen);
	} else
		anchor->pkey.key.ec.q =
			keep(r, key->key.ec.q, key->key.ec.qlen);
	return r->overflow ? "too large" : NULL;
}

/*
 * openssl's TRUSTED CERTIFICATE has what it may be used for behind it
 * (X509_CERT_AUX: a list of uses, [0] of forbidden ones). Such words are not
 * passed over.
 */
static bool
has_uses(struct slice behind)
{
	struct slice rest;
	struct der d;

	return der_take_a(&behind, DER_SEQUENCE, &rest) &&
	       der_take(&rest, &d) &&
	       (d.tag == DER_SEQUENCE || d.tag == DER_REJECTED);
}

static const char *
take_authority(struct reading *r, struct slice base64)
{
	static char der[CERTIFICATE_MAX];
	struct buffer b = BUFFER_OVER(der);
	struct der certificate;

	if (BASE64_DECODED_MAX(base64.len) > sizeof der)
		return "too large";
	if (base64_decode(&b, base64) == -1)
		return "not PEM";
	struct slice rest = buffer_slice(&b);

	if (!der_take(&rest, &certificate))
		return "not a certificate with an EC or RSA key";
	if (has_uses(rest))
		return "a TRUSTED CERTIFICATE with uses is not supported";
	r->start = r->ca->used;
	br_x509_decoder_init(&r->certificate, take_name, r);
	br_x509_decoder_push(&r->certificate, der, b.len - rest.len);
	return add_anchor(r);
}

static const char *
decode(struct reading *r, char *text, size_t len)
{
	const char *reason = NULL;
	struct pem_object object;
	enum pem_result result;

	while (reason == NULL &&
		(result = pem_next(&text, &len, &object)) != PEM_END) {
		if (result == PEM_BROKEN)
			reason = "not PEM";
		else if (pem_is_certificate(object.name))
			reason = take_authority(r, object.base64);
		else if (pem_is_bundle(object.name))
			reason = "PKCS7 is not supported";
	}
	if (reason == NULL && r->ca->count == 0)
		reason = "holds no certificate";
	return reason;
}

static const char *
load(struct clientca *ca, int fd)
{
	static char text[CLIENTCA_FILE_MAX];
	struct reading r = {.ca = ca};
	size_t len;
	const char *reason = pem_read(fd, text, sizeof text, &len);

	return reason == NULL ? decode(&r, text, len) : reason;
}

int
clientca_open(struct clientca *ca, const char *directory, int *fd)
{
	*fd = path_open_in(directory, "clientca.pem");
	if (*fd == -1 && errno == ENOENT)
		return -1;
	if (*fd == -1)
		ca->reason = strerror(errno);
	return 0;
}

int
clientca_load(struct clientca *ca, int fd)
{
	ca->count = ca->used = 0;
	ca->reason = load(ca, fd);
	if (ca->reason == NULL)
		return 0;
	ca->count = 0;
	return -1;
}

/* -------------------------------------------------------------- vouches --- */

static void
set_up(br_x509_minimal_context *x, const struct clientca *ca)
{
	br_x509_minimal_init(x, &br_sha256_vtable, ca->anchors, ca->count);
	br_x509_minimal_set_hash(x, br_sha256_ID, &br_sha256_vtable);
	br_x509_minimal_set_hash(x, br_sha384_ID, &br_sha384_vtable);
	br_x509_minimal_set_hash(x, br_sha512_ID, &br_sha512_vtable);
	br_x509_minimal_set_rsa(x, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(
		x, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_minrsa(x, RSA_OCTETS_MIN);
	/* BearSSL's own clock is a system call that the jail forbids. */
	struct certificate_time now = certificate_now();

	br_x509_minimal_set_time(x, now.days, now.seconds);
}

bool
clientca_vouches(const struct clientca *ca, struct slice chain)
{
	br_x509_minimal_context x;
	const br_x509_class **class = &x.vtable;
	unsigned usages = 0;
	struct slice der;

	set_up(&x, ca);
	(*class)->start_chain(class, NULL);
	while (chain_take(&chain, &der)) {
		(*class)->start_cert(class, (uint32_t)der.len);
		(*class)->append(
			class, (const unsigned char *)der.data, der.len);
		(*class)->end_cert(class);
	}
	return chain.len == 0 && (*class)->end_chain(class) == 0 &&
	       (*class)->get_pkey(class, &usages) != NULL &&
	       (usages & BR_KEYTYPE_SIGN) != 0;
}
