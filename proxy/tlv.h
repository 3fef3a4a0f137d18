/*
 * tlv - what stands behind the addresses in a PROXY header of version 2:
 * type, length, value, to the header's end. Of whatever length, it is read
 * as a stream, and skipped but for what it says of the client's TLS.
 */
#ifndef PROXY_TLV_H
#define PROXY_TLV_H

#include <stdbool.h>
#include <stddef.h>

#define TLV_TEXT_MAX 255 /* octets kept of a value */

struct tlv_text {
	size_t len;
	char data[TLV_TEXT_MAX];
};

/* One level of them: a TLV's value may hold others. */
struct tlv_scope {
	unsigned char head[3]; /* type, and two octets of length */
	size_t head_len;
	size_t left; /* octets of its value */
};

struct tlv {
	bool tls; /* the client speaks TLS with the balancer */
	struct tlv_text version, cipher, authority;
	struct tlv_scope outer, inner;
	size_t ssl_len; /* octets of the SSL TLV that were read */
};

/*
 * Takes an octet. left: how many of the header's come after it. 0, or -1 when
 * a length does not fit into what is around it.
 */
int tlv_take(struct tlv *t, unsigned char octet, size_t left);

/* May the header end here? */
bool tlv_is_whole(const struct tlv *t);

#endif
