/*
 * pem - the objects of a PEM file, RFC 7468: what stands between
 * "-----BEGIN NAME-----" and "-----END NAME-----", in base64. Anything
 * outside is skipped. The only reader of such files.
 *
 * Files are taken as people have them: joined without a line end or with a
 * byte order mark between them, indented, with CR LF or with blanks for line
 * ends, and with the header lines of RFC 1421.
 */
#ifndef LIB_PEM_H
#define LIB_PEM_H

#include "lib/bytes.h"

enum pem_result {
	PEM_OBJECT,
	PEM_END,   /* no more of them */
	PEM_BROKEN /* one without its end */
};

struct pem_object {
	struct slice name;
	struct slice base64; /* without blanks and line ends */
	bool encrypted;	     /* "Proc-Type: 4,ENCRYPTED" */
};

/*
 * Reads the file that is open, fewer than cap octets. NULL, or what is wrong;
 * *len is what may have been read.
 */
const char *pem_read(int fd, char *text, size_t cap, size_t *len);

/* Takes the next object off the text, which is changed in place. */
enum pem_result pem_next(char **text, size_t *len, struct pem_object *object);

/*
 * CERTIFICATE; X509 CERTIFICATE as old programs write it; TRUSTED CERTIFICATE,
 * openssl's, which has more behind the certificate.
 */
bool pem_is_certificate(struct slice name);

/* PKCS7 and CMS: certificates may be in there, which nobody here reads. */
bool pem_is_bundle(struct slice name);

#endif
