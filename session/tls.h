/*
 * tls - BearSSL's server engine between stream and wire. TLS 1.2 (1.0 and 1.1
 * where allowed), ECDHE suites only, no renegotiation, no resumption. Chain
 * and signature come from the keeper: there is no key in this process.
 */
#ifndef SESSION_TLS_H
#define SESSION_TLS_H

#include <bearssl/bearssl.h>

#include "keeper/channel.h"
#include "lib/bytes.h"
#include "session/client_chain.h"
#include "session/hello.h"

#define TLS_RECORDS_MAX 1024 /* octets */

struct stream;

struct tls {
	const br_ssl_server_policy_class *policy; /* first: BearSSL's context */
	struct stream *wire;
	struct channel_message *message; /* the session's, for asking */
	size_t records_len;
	char records[TLS_RECORDS_MAX]; /* that wait to be written together */
	br_ssl_server_context server;
	br_x509_certificate chain[CHANNEL_CHAIN_MAX];
	struct channel_certificate facts; /* of the chain */
	bool ask_client;		  /* for a certificate */
	unsigned char certificates[CHANNEL_BODY_MAX];
	struct client_chain client;
	struct hello hello; /* the client's first octets */
	unsigned char buffer[BR_SSL_BUFSIZE_BIDI];
};

/*
 * Prepares the engine. seed: CHANNEL_SEED_LEN octets of entropy; min: the
 * lowest version, BR_TLS10 to BR_TLS12; ask_client: the client may show a
 * certificate. 0, or -1.
 */
int tls_init(struct tls *t, struct stream *wire,
	struct channel_message *message, unsigned min, bool ask_client,
	const void *seed);

/* Runs the handshake within the stream's deadline. 0, or -1 (no more I/O). */
int tls_handshake(struct tls *t);

int tls_next(struct tls *t, struct slice *input);
size_t tls_buffered(struct tls *t);
void tls_consume(struct tls *t, size_t len);
/* On the wire at the next tls_next() that has to read, or at tls_close(). */
int tls_write(struct tls *t, struct slice text);
void tls_close(struct tls *t); /* close_notify, once, without an answer */
void tls_wipe(struct tls *t);  /* what was not read, when it is closed */

/* The client's chain after the handshake, or absent. */
struct slice tls_client_chain(const struct tls *t);

/* For the log. */
void tls_facts(struct tls *t, struct channel_tls *facts, struct slice *sni);

#endif
