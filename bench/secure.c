/* secure - see secure.h. Run by the load generator. */
#include "bench/secure.h"

#include <bearssl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* BearSSL's engine, with a validator that forgives an unknown issuer. */
struct secure {
	br_ssl_client_context client;
	br_x509_minimal_context minimal;
	struct forgiving {
		const br_x509_class *vtable;
		const br_x509_class **inner;
	} forgiving;
	unsigned char records[BR_SSL_BUFSIZE_BIDI];
};

static const br_x509_class **
inner(const br_x509_class *const *context)
{
	return ((const struct forgiving *)(const void *)context)->inner;
}

static void
start_chain(const br_x509_class **context, const char *name)
{
	(void)name;
	(*inner(context))->start_chain(inner(context), NULL);
}

static void
start_cert(const br_x509_class **context, uint32_t len)
{
	(*inner(context))->start_cert(inner(context), len);
}

static void
append(const br_x509_class **context, const unsigned char *data, size_t len)
{
	(*inner(context))->append(inner(context), data, len);
}

static void
end_cert(const br_x509_class **context)
{
	(*inner(context))->end_cert(inner(context));
}

static unsigned
end_chain(const br_x509_class **context)
{
	unsigned error = (*inner(context))->end_chain(inner(context));

	return error == BR_ERR_X509_NOT_TRUSTED ? 0 : error;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *context, unsigned *usages)
{
	return (*inner(context))->get_pkey(inner(context), usages);
}

static const br_x509_class forgiving_class = {sizeof(struct forgiving),
	start_chain, start_cert, append, end_cert, end_chain, get_pkey};

struct secure *
secure_new(void)
{
	static const uint16_t suites[] = {
		BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256};
	struct secure *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	br_ssl_client_init_full(&s->client, &s->minimal, NULL, 0);
	br_ssl_engine_set_suites(&s->client.eng, suites, 2);
	br_ssl_engine_set_versions(&s->client.eng, BR_TLS12, BR_TLS12);
	s->forgiving.vtable = &forgiving_class;
	s->forgiving.inner = &s->minimal.vtable;
	br_ssl_engine_set_x509(&s->client.eng, &s->forgiving.vtable);
	br_ssl_engine_set_buffer(
		&s->client.eng, s->records, sizeof s->records, 1);
	return s;
}

void
secure_start(struct secure *s)
{
	br_ssl_client_reset(&s->client, "mail.example.com", 0);
}

/*
 * Moves records until the engine is in one of the wanted states. Returns 1,
 * 0 when the connection ended, or -1.
 */
static int
turn(struct secure *s, int fd, unsigned wanted)
{
	br_ssl_engine_context *e = &s->client.eng;

	for (;;) {
		unsigned state = br_ssl_engine_current_state(e);
		unsigned char *data;
		size_t len;
		ssize_t n;

		if (state & BR_SSL_SENDREC) {
			data = br_ssl_engine_sendrec_buf(e, &len);
			n = write(fd, data, len);
			if (n > 0)
				br_ssl_engine_sendrec_ack(e, (size_t)n);
			else
				return -1;
			continue;
		}
		if (state & BR_SSL_CLOSED) {
			errno = EPROTO;
			return br_ssl_engine_last_error(e) == 0 ? 0 : -1;
		}
		if (wanted == 0 || state & wanted)
			return 1;
		if (!(state & BR_SSL_RECVREC)) {
			errno = EPROTO; /* data came while we send */
			return -1;
		}
		data = br_ssl_engine_recvrec_buf(e, &len);
		n = read(fd, data, len);
		if (n <= 0)
			return (int)n;
		br_ssl_engine_recvrec_ack(e, (size_t)n);
	}
}

ssize_t
secure_read(struct secure *s, int fd, void *data, size_t len)
{
	int ready = turn(s, fd, BR_SSL_RECVAPP);
	size_t have;

	if (ready <= 0)
		return ready;
	const unsigned char *from =
		br_ssl_engine_recvapp_buf(&s->client.eng, &have);
	if (len > have)
		len = have;
	memcpy(data, from, len);
	br_ssl_engine_recvapp_ack(&s->client.eng, len);
	return (ssize_t)len;
}

ssize_t
secure_write(struct secure *s, int fd, const void *data, size_t len)
{
	int ready = turn(s, fd, BR_SSL_SENDAPP);
	size_t room;

	if (ready <= 0)
		return -1;
	unsigned char *to = br_ssl_engine_sendapp_buf(&s->client.eng, &room);
	if (len > room)
		len = room;
	memcpy(to, data, len);
	br_ssl_engine_sendapp_ack(&s->client.eng, len);
	return (ssize_t)len;
}

int
secure_flush(struct secure *s, int fd)
{
	br_ssl_engine_flush(&s->client.eng, 0);
	return turn(s, fd, 0) == -1 ? -1 : 0;
}
