/*
 * pair - a certificate chain and its private key, decoded from PEM files.
 * Run by the keeper: find_pair.c finds them, signer.c signs.
 */
#ifndef KEEPER_PAIR_H
#define KEEPER_PAIR_H

#include "keeper/signer.h"

/* Reasons that smtpd-check looks for; behind two of them stands a number. */
#define PAIR_DIFFER "certificate and key differ"
#define PAIR_ORDER "wrong order: the key fits certificate "
#define PAIR_LONG "the chain is over 16 KB, certificate "

/*
 * Decodes what is open on certificate and key (-1: the key stands in the
 * former) into s: chain, key, type, dates. Returns 0, or -1 with s->file
 * and s->reason; then there is no key in s.
 */
int pair_load(struct signer *s, int certificate, int key);

/* Wipes the key, where it lies and where it was computed with. */
void pair_forget_key(struct signer *s);

/* Closes both, where they are not -1, and makes them -1. */
void pair_close(int *certificate, int *key);

#endif
