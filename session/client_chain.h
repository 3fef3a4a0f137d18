/*
 * client_chain - collects the certificates that a client shows. Nothing about
 * them is looked at but the first one's key, by which the TLS engine checks
 * that the client has the other half: whom they name is the authenticator's
 * affair.
 */
#ifndef SESSION_CLIENT_CHAIN_H
#define SESSION_CLIENT_CHAIN_H

#include <bearssl/bearssl.h>

#include "keeper/channel.h"
#include "lib/bytes.h"

struct client_chain {
	const br_x509_class *class; /* first: BearSSL's context */
	br_x509_decoder_context decoder;
	unsigned count; /* certificates */
	bool complete;	/* all are there, and the first one's key is known */
	size_t len;	/* of chain */
	bool overflow;	/* more than fits one message to the keeper */
	unsigned char chain[CHANNEL_BODY_MAX]; /* lib/chain.h */
};

void client_chain_init(struct client_chain *c);

/*
 * After a handshake that succeeded: the chain, of whose key the client has
 * proved possession. Absent when it has shown none that can be used.
 */
struct slice client_chain_proved(const struct client_chain *c);

#endif
