/*
 * tls - what the keeper answers session/tls.c, and what it knows of a
 * connection's TLS.
 */
#ifndef KEEPER_TLS_H
#define KEEPER_TLS_H

#include "keeper/outside.h"
#include "keeper/signer.h"
#include "lib/certificate.h"
#include "sasl/clientca.h"

struct keeper;

struct keeper_tls {
	struct outside outside;
	struct signer signer;
	bool handshake;		      /* ASK_TLS was answered */
	bool signed_once;	      /* our signature was made */
	bool on;		      /* the session says that TLS is on */
	const char *version, *cipher; /* names, when TLS is on; static */
	/* The server's certificate; no octets: not defined, or not wanted. */
	unsigned char binding[CERTIFICATE_BINDING_MAX];
	size_t binding_len;
	int clientca_fd; /* clientca.pem, or -1 where it could not be opened */
	struct clientca *clientca; /* NULL: not wanted, or there is none */
	size_t client_len; /* of keeper.client_chain; 0: none is claimed */
};

/* Each is 0, or -1: an attack (keeper.h). */
int answer_tls(struct keeper *k);
int answer_certificate(struct keeper *k);
int answer_sign(struct keeper *k);
int hear_client(struct keeper *k);
int hear_tls(struct keeper *k);

/* What mechanisms may want: AUTHMECHS_BINDING, AUTHMECHS_CERTIFICATE. */
unsigned keeper_has(const struct keeper *k);

#endif
