/*
 * pem - the objects of a PEM file, RFC 7468: what stands between
 * "-----BEGIN NAME-----" and "-----END NAME-----", in base64. Anything
 * outside is skipped.
 */
#ifndef LIB_PEM_H
#define LIB_PEM_H

#include "lib/buffer.h"

enum pem_result {
	PEM_OBJECT,
	PEM_END,   /* no more of them */
	PEM_BROKEN /* one without its end */
};

/*
 * Takes the next object off the text: its name, and its lines, which are
 * changed in place (blanks and line ends go).
 */
enum pem_result pem_next(
	char **text, size_t *len, struct slice *name, struct slice *base64);

/* CERTIFICATE, or X509 CERTIFICATE as old programs write it. */
bool pem_is_certificate(struct slice name);

#endif
