/*
 * hello - the first octets of a client that wants TLS: what it offered where
 * that is older than TLS, and the version in which it understands a refusal.
 */
#ifndef SESSION_HELLO_H
#define SESSION_HELLO_H

#include <stddef.h>
#include <stdint.h>

struct hello {
	size_t len;
	unsigned char octets[3];
};

/* More octets of the client have come. */
void hello_add(struct hello *h, const unsigned char *data, size_t len);

/*
 * CHANNEL_SSL_2 or CHANNEL_SSL_3 where the client offers nothing newer; else 0.
 * version: of its ClientHello, or 0.
 */
uint16_t hello_offered_ssl(const struct hello *h, unsigned version);

/*
 * Writes a version into the record of an alert that has none. BearSSL has not
 * chosen one yet when it refuses a ClientHello, and 0.0 is what clients take
 * for no TLS at all; they take what they offered.
 */
void hello_name_version(unsigned char *record, unsigned version);

#endif
