/* secure - see secure.h. Run by smtpd-check and the load generator. */
#include "client/secure.h"

#include <bearssl/bearssl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * BearSSL's engine, with a validator that lets every certificate pass and
 * keeps the chain: verify.h tells all that is wrong with it, where BearSSL
 * would stop at the first fault.
 */
struct secure {
	br_ssl_client_context client;
	br_x509_minimal_context unused; /* the profile below wants one */
	struct keeping {
		const br_x509_class *vtable;
		struct secure *s;
	} keeping;
	br_x509_decoder_context leaf;
	bool leaf_seen, overflow;
	size_t chain_len;
	unsigned char chain[SECURE_CHAIN_MAX];
	unsigned char records[BR_SSL_BUFSIZE_BIDI];
};

static struct secure *
of(const br_x509_class *const *context)
{
	return ((const struct keeping *)(const void *)context)->s;
}

static void
start_chain(const br_x509_class **context, const char *name)
{
	struct secure *s = of(context);

	(void)name;
	s->chain_len = 0;
	s->leaf_seen = s->overflow = false;
	br_x509_decoder_init(&s->leaf, NULL, NULL);
}

static void
start_cert(const br_x509_class **context, uint32_t len)
{
	struct secure *s = of(context);

	if (len > 0xffff || len + 2 > sizeof s->chain - s->chain_len) {
		s->overflow = true;
		return;
	}
	s->chain[s->chain_len++] = (unsigned char)(len >> 8);
	s->chain[s->chain_len++] = (unsigned char)len;
}

static void
append(const br_x509_class **context, const unsigned char *data, size_t len)
{
	struct secure *s = of(context);

	if (s->overflow || len > sizeof s->chain - s->chain_len) {
		s->overflow = true;
		return;
	}
	memcpy(s->chain + s->chain_len, data, len);
	s->chain_len += len;
	if (!s->leaf_seen)
		br_x509_decoder_push(&s->leaf, data, len);
}

static void
end_cert(const br_x509_class **context)
{
	of(context)->leaf_seen = true;
}

static unsigned
end_chain(const br_x509_class **context)
{
	struct secure *s = of(context);

	if (s->overflow || br_x509_decoder_get_pkey(&s->leaf) == NULL)
		return BR_ERR_X509_UNSUPPORTED;
	return 0;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *context, unsigned *usages)
{
	if (usages != NULL)
		*usages = BR_KEYTYPE_KEYX | BR_KEYTYPE_SIGN;
	return br_x509_decoder_get_pkey(&of(context)->leaf);
}

static const br_x509_class keeping_class = {sizeof(struct keeping), start_chain,
	start_cert, append, end_cert, end_chain, get_pkey};

struct secure *
secure_new(const uint16_t *suites, size_t suites_len)
{
	struct secure *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	br_ssl_client_init_full(&s->client, &s->unused, NULL, 0);
	if (suites != NULL)
		br_ssl_engine_set_suites(&s->client.eng, suites, suites_len);
	s->keeping = (struct keeping){&keeping_class, s};
	br_ssl_engine_set_x509(&s->client.eng, &s->keeping.vtable);
	br_ssl_engine_set_buffer(
		&s->client.eng, s->records, sizeof s->records, 1);
	return s;
}

void
secure_start(struct secure *s, const char *name)
{
	s->chain_len = 0;
	br_ssl_client_reset(&s->client, name, 0);
}

struct slice
secure_chain(const struct secure *s)
{
	return (struct slice){(const char *)s->chain, s->chain_len};
}

unsigned
secure_version(const struct secure *s)
{
	return br_ssl_engine_get_version(&s->client.eng);
}

int
secure_error(const struct secure *s)
{
	return br_ssl_engine_last_error(&s->client.eng);
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

int
secure_handshake(struct secure *s, int fd)
{
	return turn(s, fd, BR_SSL_SENDAPP | BR_SSL_RECVAPP) == 1 ? 0 : -1;
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
