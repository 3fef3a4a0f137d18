/*
 * certificate - the few things that we want of a certificate and that
 * BearSSL's decoder does not tell: names, purposes, and the hash of its
 * signature. Nothing here verifies anything.
 *
 * Made for hostile octets: the client's certificate is read by the
 * authenticator alone. The keeper reads only our own.
 */
#ifndef LIB_CERTIFICATE_H
#define LIB_CERTIFICATE_H

#include "lib/bytes.h"

#define CERTIFICATE_BINDING_MAX 64 /* octets: SHA-512 */

struct certificate {
	struct slice whole;	/* DER */
	struct slice algorithm; /* object identifier of the signature */
	struct slice issuer;
	struct slice subject;  /* the relative names, one after the other */
	struct slice altnames; /* GeneralNames; absent: no such extension */
	struct slice purposes; /* extKeyUsage; absent: for everything */
};

/* Finds these parts in der. 0, or -1 when der has not that form. */
int certificate_parse(struct certificate *c, struct slice der);

/* Kinds of names in it. */
enum certificate_name {
	CERTIFICATE_ALT_EMAIL, /* subjectAltName, rfc822Name */
	CERTIFICATE_ALT_DNS,   /* subjectAltName, dNSName */
	CERTIFICATE_EMAIL,     /* of the subject: emailAddress (PKCS #9) */
	CERTIFICATE_COMMON     /* of the subject: commonName */
};

/* A place among the names; {0} before the first. */
struct certificate_cursor {
	bool started;
	struct slice outer, inner;
};

/* The next one; false at the end, or where the list is malformed. */
bool certificate_next(const struct certificate *c, enum certificate_name kind,
	struct certificate_cursor *at, struct slice *name);

/* May it be used for a TLS client? RFC 5280 §4.2.1.12. */
bool certificate_is_for_client(const struct certificate *c);

/*
 * tls-server-end-point, RFC 5929 §4.1: the hash of the whole certificate by
 * the hash function of its signature, but SHA-256 for MD5 and SHA-1. Returns
 * its octets, or 0 where it is not defined or the function is not known.
 */
size_t certificate_binding(const struct certificate *c, unsigned char *out);

/* As BearSSL counts: days since the year 0, seconds of the day. */
struct certificate_time {
	uint32_t days, seconds;
};
struct certificate_time certificate_now(void);

/* The same in seconds since 1970. */
int64_t certificate_seconds(uint32_t days, uint32_t seconds);

#endif
