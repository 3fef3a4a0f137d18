/*
 * scram_message - the grammar of SCRAM's messages, RFC 5802 §7. No I/O, no
 * secrets; slices point into the message.
 */
#ifndef SASL_SCRAM_MESSAGE_H
#define SASL_SCRAM_MESSAGE_H

#include "lib/buffer.h"

/* gs2-header n=login,r=nonce,extensions */
struct scram_first {
	struct slice header;  /* with its last comma */
	char flag;	      /* n, y or p */
	struct slice binding; /* behind p=: its name */
	struct slice authzid; /* as a saslname; absent: none */
	struct slice bare;    /* what follows the header */
	struct slice name;    /* as a saslname */
	struct slice nonce;
};

/* c=binding,r=nonce,extensions,p=proof */
struct scram_final {
	struct slice binding, nonce, proof; /* binding and proof in base64 */
	struct slice without_proof;
};

/* 0, or -1 when it is malformed or holds an extension that must be known. */
int scram_parse_first(struct slice message, struct scram_first *first);
int scram_parse_final(struct slice message, struct scram_final *final);

/* Adds what a saslname stands for. 0, or -1: malformed, empty or too long. */
int scram_decode_name(struct slice name, struct buffer *out);

#endif
