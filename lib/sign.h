/*
 * sign - signatures of a server's key, by nettle: ECDSA with P-256 (a fifth
 * of BearSSL's time) and RSA (half of it). Both in constant time, RSA
 * blinded and its result checked; the nonce and the blinding come from
 * getrandom(2), so not from inside a jail. Both leave the nonce and more on
 * the stack: the caller wipes it.
 */
#ifndef LIB_SIGN_H
#define LIB_SIGN_H

#include <bearssl/bearssl.h>

#define SIGN_ECDSA_MAX 72 /* octets: SEQUENCE of two INTEGERs of 33 */
#define SIGN_RSA_MAX 512  /* octets: a key of 4096 bits */

/*
 * key: on P-256. Writes the ASN.1 form of RFC 3279 §2.2.3 and returns its
 * length, or 0 when it cannot be done.
 */
size_t sign_ecdsa(unsigned char out[SIGN_ECDSA_MAX],
	const br_ec_private_key *key, const unsigned char *digest, size_t len);

/*
 * PKCS #1 1.5 over info, which is the DigestInfo or, in TLS 1.0 and 1.1, both
 * digests. exponent: the public one, of the certificate. Returns the octets
 * of the modulus, or 0 when key and exponent do not fit.
 */
size_t sign_rsa(unsigned char out[SIGN_RSA_MAX], const br_rsa_private_key *key,
	const unsigned char *exponent, size_t exponent_len,
	const unsigned char *info, size_t len);

#endif
