/*
 * chain - certificates one after the other, the owner's first, each as two
 * octets of length (big-endian) and DER: as they lie in memory and cross the
 * channel.
 */
#ifndef LIB_CHAIN_H
#define LIB_CHAIN_H

#include "lib/bytes.h"

#define CHAIN_HEAD 2		    /* octets of the length */
#define CHAIN_CERTIFICATE_MAX 65535 /* octets of one */

/* Writes the length (at most CHAIN_CERTIFICATE_MAX) of what follows. */
void chain_head(unsigned char out[CHAIN_HEAD], size_t len);

/*
 * Takes the first certificate off the front; nothing is copied. False at the
 * end, or where what follows is empty or not whole: then *chain is as it was.
 */
bool chain_take(struct slice *chain, struct slice *der);

/* The owner's certificate, or absent. */
struct slice chain_first(struct slice chain);

#endif
