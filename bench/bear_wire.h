/*
 * bear_wire - TLS for canned.h: BearSSL's own profile of one suite, key and
 * certificate as DER files, descriptors 0 and 1.
 */
#ifndef BENCH_BEAR_WIRE_H
#define BENCH_BEAR_WIRE_H

#include <bearssl.h>
#include <stdbool.h>

#include "bench/canned.h"

#define BEAR_FILE_MAX 4096

struct bear {
	br_ssl_server_context server;
	br_sslio_context io;
	br_skey_decoder_context key;
	br_x509_certificate chain;
	unsigned char certificate[BEAR_FILE_MAX];
	unsigned char records[BR_SSL_BUFSIZE_BIDI];
};

/* 0 or -1. */
int bear_load_certificate(struct bear *b, const char *path);
int bear_load_key(struct bear *b, const char *path);

/* What is spoken; who signs, and with what curves, is the program's. */
void bear_profile(struct bear *b, bool rsa);

/* The whole conversation. -1: it could not begin. */
int bear_talk(struct bear *b, struct canned *c);

#endif
