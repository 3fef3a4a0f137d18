/*
 * reader - the jailed process that reads a PROXY header, before there is a
 * session, and ends. It holds the client and a pipe, to which it writes one
 * record: who the client is.
 */
#ifndef PROXY_READER_H
#define PROXY_READER_H

#include <stdint.h>

#include "lib/jail.h"
#include "proxy/proxyheader.h"

#define READER_MS 5000 /* for the whole header */

/* Further verdicts, behind those of enum proxyheader_verdict. */
enum reader_verdict {
	READER_GONE = PROXYHEADER_VERDICTS, /* before the first octet */
	READER_TIMEOUT,
	READER_JAIL, /* a step of it failed; nothing was read */
	READER_DIED, /* no record, or none that can be: main's word */
	READER_TERM  /* SIGTERM came: main's word */
};

struct reader_record {
	unsigned char verdict; /* either enum's */
	unsigned char step;    /* of the jail, that failed */
	unsigned char tls;     /* the client speaks TLS with the balancer */
	sa_family_t family;
	struct proxyheader_end source, destination;
	struct tlv_text version, cipher, authority;
};

/* The child's: reads from descriptor 0, writes to out. */
_Noreturn void reader_run(int out, const struct jail *jail, int64_t deadline);

#endif
