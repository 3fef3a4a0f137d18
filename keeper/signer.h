/*
 * signer - certificate chain, private key, and one signature.
 *
 * Main opens the files, since they may be root's (find_pair.c); the keeper
 * decodes them when the client asks for TLS (pair.c), signs once, wipes the
 * key and closes the files. Keys: EC P-256, P-384, P-521; RSA of 2048 to 4096
 * bits.
 */
#ifndef KEEPER_SIGNER_H
#define KEEPER_SIGNER_H

#include <bearssl/bearssl.h>

#include "keeper/channel.h"
#include "lib/giveback.h"

#define SIGNER_EXPONENT_MAX 8	 /* octets */
#define SIGNER_FILE_MAX 65536	 /* octets of a PEM file */
#define SIGNER_FILE_TEXT 320	 /* octets of its name for the log, with NUL */
#define SIGNER_SIGNATURE_MAX 512 /* octets: RSA-4096 */

/*
 * What a pair of files is decoded into. The chain stays; the rest, which
 * begins with a page, goes when the key does.
 */
struct signer_pair {
	unsigned char chain[CHANNEL_BODY_MAX - 16]; /* lib/chain.h */
	_Alignas(GIVEBACK_PAGE) br_skey_decoder_context key;
	char text[SIGNER_FILE_MAX]; /* of a file */
};

struct signer {
	struct signer_pair *pair;
	const char *directory; /* the control directory */
	int certificate_fd;    /* servercert.pem, or -1 */
	int key_fd; /* serverkey.pem, or -1: the key is in servercert.pem */
	bool allow_sha1;       /* TLS before 1.2 is allowed */
	bool used;	       /* the one signature was made */
	enum channel_key type; /* of the loaded key; KEY_NONE: not loaded */
	size_t chain_len;
	unsigned char exponent[SIGNER_EXPONENT_MAX]; /* RSA, public */
	size_t exponent_len;
	const char *file; /* on failure: what is wrong with which file */
	const char *reason;
	char file_text[SIGNER_FILE_TEXT];
	char reason_text[64];
	const char *dates; /* expired, not yet valid; or NULL */
};

/*
 * The certificate itself, DER, once a pair was loaded. It is our own, and
 * BearSSL has parsed it.
 */
struct slice signer_certificate(const struct signer *s);

/* Is there a certificate? Its content is not looked at. */
bool signer_present(const struct signer *s);

/*
 * Signs a raw ServerKeyExchange input (RFC 8422 §5.4) after checking its
 * form: two randoms, named_curve, a curve of ours, a point of its length,
 * nothing more. hash is a TLS HashAlgorithm number, 0 for MD5 and SHA-1
 * (RSA before TLS 1.2). Returns the signature's length, or 0: refused.
 */
size_t signer_sign(struct signer *s, unsigned hash, struct slice input,
	unsigned char *signature);

/* Wipes the key and closes the files. */
void signer_close(struct signer *s);

#endif
