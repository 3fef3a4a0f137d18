/*
 * stream - the client: buffered octets in and out, clear or TLS, with one
 * absolute deadline. Replies are kept until the next read has to wait, so
 * that a batch of commands gets one write.
 */
#ifndef SESSION_STREAM_H
#define SESSION_STREAM_H

#include "lib/bytes.h"

#define STREAM_INPUT_MAX 1536  /* octets of one read, among commands */
#define STREAM_BULK_MIN 65536  /* ... and inside a message */
#define STREAM_BULK_MAX 262144 /* ... when one of those came full */
#define STREAM_OUTPUT_MAX 1024 /* octets of replies before a write */
#define STREAM_GONE_MS 1500    /* for a client that hung up while we wait */

struct records;

enum stream_state {
	STREAM_OPEN,
	STREAM_EOF,	/* the client sent its end */
	STREAM_GONE,	/* reset, write error, TLS error */
	STREAM_TIMEOUT, /* the deadline passed */
	STREAM_STOP,	/* the keeper wants an end */
	STREAM_KEEPER	/* the keeper is gone */
};

struct stream {
	int in, out;
	bool nonblocking; /* in and out are sockets, which never block */
	bool terminal;	  /* typed at a prompt: LF becomes CR LF */
	bool piped;	  /* out is a TLS helper's or recordio's, no client */
	int channel;	  /* to the keeper; when that is gone, we end, too */
	struct records *tls; /* NULL: clear */
	enum stream_state state;
	int64_t deadline; /* clock_ms() */
	bool bulk;	  /* a message comes: read much at once */
	bool full;	  /* the last read filled the buffer: more is there */
	char *bulk_input; /* STREAM_BULK_MAX octets */
	size_t bulk_size; /* so much of them is used */
	char *input;	  /* where it was last read: one of two buffers */
	size_t input_start, input_end, output_len;
	char output[STREAM_OUTPUT_MAX];
	char command_input[STREAM_INPUT_MAX];
};

/* bulk_input: STREAM_BULK_MAX octets, which live as long. */
void stream_init(
	struct stream *s, int in, int out, int channel, char *bulk_input);

/* From now on the client has so much time. */
void stream_time(struct stream *s, int64_t ms);

/*
 * What the client sent next, at least one octet; waits for it, and before
 * that flushes. 0, or -1 with state. The octets stay until consumed, and the
 * view holds until then.
 */
int stream_next(struct stream *s, struct slice *input);
bool stream_waits(const struct stream *s); /* is nothing there yet? */
void stream_consume(struct stream *s, size_t len);
/* The same for what may be a password: input's first octets are wiped. */
void stream_wipe(struct stream *s, struct slice input, size_t len);

/* Is there input that nobody asked for yet, here or in the kernel? */
bool stream_pending(struct stream *s);

/* Adds to the replies. Errors show at the flush. */
void stream_put(struct stream *s, struct slice text);
int stream_flush(struct stream *s);

/*
 * Waits for events on another descriptor (the message pipe, the channel)
 * until deadline. 1 ready; 0 past the deadline; -1 keeper gone, or client
 * gone for STREAM_GONE_MS (state says which).
 */
int stream_wait_other(struct stream *s, int fd, short events, int64_t deadline);

/*
 * Says no more. drain: after an error it reads on until the client's end, at
 * most 2 seconds or 1 MiB, so that the client gets the reply and not a reset;
 * where out is piped 2 seconds alone, so that a helper that ends with us
 * sends first what it holds.
 */
void stream_close(struct stream *s, bool drain);

/* For records.c: the wire below TLS. Same results. */
int stream_wire_next(struct stream *s, struct slice *input);
int stream_wire_write(struct stream *s, struct slice text);

#endif
