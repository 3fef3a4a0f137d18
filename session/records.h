/*
 * records - BearSSL's server engine between stream and wire: its records in
 * and out. tls.c sets it up; stream.c reads and writes through it.
 */
#ifndef SESSION_RECORDS_H
#define SESSION_RECORDS_H

#include <bearssl/bearssl.h>

#include "lib/bytes.h"
#include "session/hello.h"

#define RECORDS_WAITING_MAX 1024 /* octets */

struct stream;

struct records {
	struct stream *wire;
	br_ssl_server_context server;
	struct hello hello; /* the client's first octets */
	size_t waiting_len;
	char waiting[RECORDS_WAITING_MAX]; /* to be written together */
	/* Records are made and taken at the start of these. */
	unsigned char output[BR_SSL_BUFSIZE_OUTPUT];
	unsigned char input[BR_SSL_BUFSIZE_INPUT];
};

/* Makes an engine that knows nothing yet. */
void records_init(struct records *r, struct stream *wire);

/* Runs the handshake within the stream's deadline. 0, or -1 (no more I/O). */
int records_handshake(struct records *r);

int records_next(struct records *r, struct slice *input);
size_t records_buffered(struct records *r);
void records_consume(struct records *r, size_t len);
/* Goes out at the next records_next() that has to read, or at the close. */
int records_write(struct records *r, struct slice text);
void records_close(struct records *r); /* close_notify, without an answer */
void records_wipe(struct records *r);  /* after the close: what was not read */

#endif
