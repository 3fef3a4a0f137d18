/*
 * proxyheader - the line, or the octets, that a balancer puts before what its
 * client says: HAProxy's PROXY protocol, versions 1 and 2
 * (https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt).
 *
 * An automaton over octets: no I/O, no memory but its own. It never asks for
 * an octet that is not the header's: what stands behind it is the client's.
 */
#ifndef PROXY_PROXYHEADER_H
#define PROXY_PROXYHEADER_H

#include <netinet/in.h>

#include "proxy/tlv.h"

#define PROXYHEADER_FIRST 12	     /* octets of version 2's signature */
#define PROXYHEADER_V1_MAX 107	     /* octets of a line with its CR LF */
#define PROXYHEADER_PIECE 4096	     /* octets asked for at once, at most */
#define PROXYHEADER_ADDRESSES_MAX 36 /* octets, two of IPv6 and two ports */

enum proxyheader_verdict {
	PROXYHEADER_MORE,   /* the header is not whole yet */
	PROXYHEADER_CLIENT, /* it names a client */
	PROXYHEADER_CHECK,  /* LOCAL, UNKNOWN, UNSPEC: the balancer's own */
	PROXYHEADER_NONE,   /* the first octets begin no header */
	PROXYHEADER_SYNTAX, /* grammar, version, command */
	PROXYHEADER_SHORT,  /* a length that cannot be */
	PROXYHEADER_FAMILY, /* UNIX sockets, datagrams */
	PROXYHEADER_VERDICTS
};

/* Of client and balancer: from whom, to whom. */
struct proxyheader_end {
	unsigned char address[sizeof(struct in6_addr)]; /* IPv4: 4 octets */
	in_port_t port;					/* network order */
};

struct proxyheader {
	enum proxyheader_verdict verdict;
	sa_family_t family; /* AF_INET or AF_INET6, of a client */
	struct proxyheader_end source, destination;
	struct tlv tlv; /* what version 2 says besides */
	/* while it is read */
	enum { AT_FIRST, AT_LINE, AT_FIXED, AT_ADDRESSES, AT_TLV } at;
	char octets[PROXYHEADER_V1_MAX];
	size_t len;
	size_t addresses; /* octets of them, of version 2 */
	size_t left;	  /* octets of the rest, of version 2 */
};

void proxyheader_init(struct proxyheader *h);

/* How many octets may be read now, while the verdict is PROXYHEADER_MORE. */
size_t proxyheader_room(const struct proxyheader *h);

/* Takes at most that many octets, while the verdict is PROXYHEADER_MORE. */
void proxyheader_take(
	struct proxyheader *h, const unsigned char *data, size_t len);

#endif
