/*
 * certificate - see certificate.h. Run by the authenticator, and by keeper
 * and smtpd-check over the server's own certificate.
 */
#include "lib/certificate.h"

#include <bearssl/bearssl.h>

#include "lib/clock.h"
#include "lib/der.h"

/* Tags that depend on where they stand. */
enum {
	DER_EMAIL = 0x81, /* [1] in GeneralName */
	DER_DNS = 0x82,	  /* [2] there */
	DER_VERSION = 0xa0,
	DER_EXTENSIONS = 0xa3
};

#define OID(text) ((struct slice){(text), sizeof(text) - 1})

/* One extension, and which of ours it is. */
static bool
take_extension(struct certificate *c, struct slice text)
{
	struct slice *wanted = NULL, oid, sequence;
	struct der d;

	if (!der_take_a(&text, DER_OID, &oid) || !der_take(&text, &d))
		return false;
	if (d.tag == DER_BOOLEAN && !der_take(&text, &d))
		return false;
	if (d.tag != DER_OCTETS)
		return false;
	if (slice_equal(oid, OID("\x55\x1d\x11")))
		wanted = &c->altnames;
	if (slice_equal(oid, OID("\x55\x1d\x25")))
		wanted = &c->purposes;
	if (wanted == NULL)
		return true;
	/* Each at most once (RFC 5280 §4.2). */
	if (wanted->data != NULL ||
		!der_take_a(&d.value, DER_SEQUENCE, &sequence))
		return false;
	*wanted = sequence;
	return true;
}

static bool
take_extensions(struct certificate *c, struct slice text)
{
	struct slice list, extension;

	if (!der_take_a(&text, DER_SEQUENCE, &list))
		return false;
	while (list.len > 0)
		if (!der_take_a(&list, DER_SEQUENCE, &extension) ||
			!take_extension(c, extension))
			return false;
	return true;
}

/* What is signed: serial number, algorithm, issuer, dates, subject, key. */
static bool
take_body(struct certificate *c, struct slice body)
{
	struct slice ignored;
	struct der d;

	if (!der_take(&body, &d) ||
		(d.tag == DER_VERSION && !der_take(&body, &d)) ||
		d.tag != DER_INTEGER ||
		!der_take_a(&body, DER_SEQUENCE, &ignored) ||
		!der_take_a(&body, DER_SEQUENCE, &c->issuer) ||
		!der_take_a(&body, DER_SEQUENCE, &ignored) ||
		!der_take_a(&body, DER_SEQUENCE, &c->subject) ||
		!der_take_a(&body, DER_SEQUENCE, &ignored))
		return false;
	while (der_take(&body, &d))
		if (d.tag == DER_EXTENSIONS)
			return take_extensions(c, d.value);
	return body.len == 0;
}

int
certificate_parse(struct certificate *c, struct slice der)
{
	struct slice rest = der, all, body, signature;

	*c = (struct certificate){.whole = der};
	if (der.data == NULL || !der_take_a(&rest, DER_SEQUENCE, &all) ||
		rest.len > 0 || !der_take_a(&all, DER_SEQUENCE, &body) ||
		!der_take_a(&all, DER_SEQUENCE, &signature) ||
		!der_take_a(&signature, DER_OID, &c->algorithm))
		return -1;
	return take_body(c, body) ? 0 : -1;
}

/* --------------------------------------------------------------- names --- */

static bool
next_altname(struct slice *rest, unsigned tag, struct slice *name)
{
	struct der d;

	while (der_take(rest, &d))
		if (d.tag == tag) {
			*name = d.value;
			return true;
		}
	return false;
}

/* A relative name is a set, mostly of one attribute. */
static bool
next_attribute(
	struct certificate_cursor *at, struct slice oid, struct slice *name)
{
	struct slice attribute, type;
	struct der d;

	for (;;) {
		while (at->inner.len > 0) {
			if (!der_take_a(&at->inner, DER_SEQUENCE, &attribute) ||
				!der_take_a(&attribute, DER_OID, &type) ||
				!der_take(&attribute, &d))
				return false;
			*name = d.value;
			if (slice_equal(type, oid) &&
				(d.tag == DER_UTF8 || d.tag == DER_PRINTABLE ||
					d.tag == DER_IA5))
				return true;
		}
		if (!der_take_a(&at->outer, DER_SET, &at->inner))
			return false;
	}
}

bool
certificate_next(const struct certificate *c, enum certificate_name kind,
	struct certificate_cursor *at, struct slice *name)
{
	bool alt = kind == CERTIFICATE_ALT_EMAIL || kind == CERTIFICATE_ALT_DNS;

	if (!at->started) {
		at->started = true;
		at->outer = alt ? c->altnames : c->subject;
	}
	switch (kind) {
	case CERTIFICATE_ALT_EMAIL:
		return next_altname(&at->outer, DER_EMAIL, name);
	case CERTIFICATE_ALT_DNS:
		return next_altname(&at->outer, DER_DNS, name);
	case CERTIFICATE_EMAIL:
		return next_attribute(
			at, OID("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01"), name);
	case CERTIFICATE_COMMON:
		return next_attribute(at, OID("\x55\x04\x03"), name);
	}
	return false;
}

bool
certificate_is_for_client(const struct certificate *c)
{
	struct slice rest = c->purposes, oid;

	if (rest.data == NULL)
		return true;
	while (der_take_a(&rest, DER_OID, &oid))
		if (slice_equal(oid, OID("\x2b\x06\x01\x05\x05\x07\x03\x02")) ||
			slice_equal(oid, OID("\x55\x1d\x25\x00")))
			return true;
	return false;
}

/* ------------------------------------------------------------- binding --- */

/* RSA: PKCS #1 v1.5 (RFC 4055, 3279); ECDSA: RFC 5758, 3279. */
static const br_hash_class *
binding_hash(struct slice algorithm)
{
	static const struct {
		struct slice oid;
		const br_hash_class *hash;
	} known[] = {
		{{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x04", 9},
			&br_sha256_vtable},
		{{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05", 9},
			&br_sha256_vtable},
		{{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", 9},
			&br_sha256_vtable},
		{{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", 9},
			&br_sha384_vtable},
		{{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", 9},
			&br_sha512_vtable},
		{{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0e", 9},
			&br_sha224_vtable},
		{{"\x2a\x86\x48\xce\x3d\x04\x01", 7}, &br_sha256_vtable},
		{{"\x2a\x86\x48\xce\x3d\x04\x03\x01", 8}, &br_sha224_vtable},
		{{"\x2a\x86\x48\xce\x3d\x04\x03\x02", 8}, &br_sha256_vtable},
		{{"\x2a\x86\x48\xce\x3d\x04\x03\x03", 8}, &br_sha384_vtable},
		{{"\x2a\x86\x48\xce\x3d\x04\x03\x04", 8}, &br_sha512_vtable},
	};

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_equal(algorithm, known[i].oid))
			return known[i].hash;
	return NULL;
}

size_t
certificate_binding(const struct certificate *c, unsigned char *out)
{
	const br_hash_class *hash = binding_hash(c->algorithm);
	br_hash_compat_context context;

	if (hash == NULL)
		return 0;
	hash->init(&context.vtable);
	hash->update(&context.vtable, c->whole.data, c->whole.len);
	hash->out(&context.vtable, out);
	return hash->desc >> BR_HASHDESC_OUT_OFF & BR_HASHDESC_OUT_MASK;
}

/* --------------------------------------------------------------- times --- */

#define DAYS_TO_1970 719528 /* from the year 0, where BearSSL begins */
#define DAY 86400	    /* seconds */

struct certificate_time
certificate_now(void)
{
	int64_t now = clock_seconds();

	return (struct certificate_time){
		(uint32_t)(now / DAY + DAYS_TO_1970), (uint32_t)(now % DAY)};
}

int64_t
certificate_seconds(uint32_t days, uint32_t seconds)
{
	return ((int64_t)days - DAYS_TO_1970) * DAY + seconds;
}
