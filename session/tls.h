/*
 * tls - TLS 1.2 (1.0 and 1.1 where allowed), ECDHE suites only, no
 * renegotiation, no resumption. Chain and signature come from the keeper:
 * there is no key in this process. tls.c makes the handshake; afterwards
 * records.c is the way of every octet.
 */
#ifndef SESSION_TLS_H
#define SESSION_TLS_H

#include <bearssl/bearssl.h>

#include "keeper/channel.h"
#include "session/reply.h"

struct session;

struct session_tls {
	bool possible; /* there is a certificate, or a launcher for it */
	bool outside;  /* the launcher begins it, not we: outside.h */
	bool on;
	unsigned has; /* AUTHMECHS_BINDING, AUTHMECHS_CERTIFICATE */
};

/* What BearSSL is told, and what it asks for. */
struct handshake {
	const br_ssl_server_policy_class *policy; /* first: BearSSL's context */
	struct session *session;
	struct channel_certificate facts; /* of the chain */
	br_x509_certificate chain[CHANNEL_CHAIN_MAX];
};

/*
 * Starts TLS, when the keeper has answered ASK_TLS and the reply to STARTTLS,
 * if there was one, is out. Any failure ends the connection without another
 * clear byte.
 */
enum reply tls_start(struct session *s);

#endif
