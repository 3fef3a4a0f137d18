/* client_chain - see client_chain.h. Run by the session. */
#include "session/client_chain.h"

#include <string.h>

#include "lib/chain.h"

#define RSA_OCTETS_MAX 512

static struct client_chain *
chain_of(const br_x509_class **class)
{
	return (struct client_chain *)(void *)class;
}

static void
add(struct client_chain *c, const void *data, size_t len)
{
	if (len > sizeof c->chain - c->len) {
		c->overflow = true;
		return;
	}
	memcpy(c->chain + c->len, data, len);
	c->len += len;
}

static void
start_chain(const br_x509_class **class, const char *server_name)
{
	struct client_chain *c = chain_of(class);

	(void)server_name; /* clients only */
	c->count = 0;
	c->len = 0;
	c->complete = c->overflow = false;
	br_x509_decoder_init(&c->decoder, NULL, NULL);
}

static void
start_cert(const br_x509_class **class, uint32_t len)
{
	struct client_chain *c = chain_of(class);
	unsigned char head[CHAIN_HEAD];

	if (len > CHAIN_CERTIFICATE_MAX)
		c->overflow = true;
	chain_head(head, len);
	add(c, head, sizeof head);
}

static void
append(const br_x509_class **class, const unsigned char *data, size_t len)
{
	struct client_chain *c = chain_of(class);

	add(c, data, len);
	if (c->count == 0)
		br_x509_decoder_push(&c->decoder, data, len);
}

static void
end_cert(const br_x509_class **class)
{
	chain_of(class)->count++;
}

/* An error leaves the client without a certificate, but connected. */
static unsigned
end_chain(const br_x509_class **class)
{
	struct client_chain *c = chain_of(class);

	if (c->overflow)
		return BR_ERR_X509_LIMIT_EXCEEDED;
	if (br_x509_decoder_last_error(&c->decoder) != 0)
		return (unsigned)br_x509_decoder_last_error(&c->decoder);
	const br_x509_pkey *key = br_x509_decoder_get_pkey(&c->decoder);

	/* A key that the engine could not check would end the handshake. */
	if (key == NULL || (key->key_type == BR_KEYTYPE_RSA &&
				   key->key.rsa.nlen > RSA_OCTETS_MAX))
		return BR_ERR_X509_UNSUPPORTED;
	c->complete = true;
	return 0;
}

/* For signing alone: then the engine insists on a CertificateVerify. */
static const br_x509_pkey *
get_pkey(const br_x509_class *const *class, unsigned *usages)
{
	const struct client_chain *c =
		(const struct client_chain *)(const void *)class;

	if (!c->complete)
		return NULL;
	if (usages != NULL)
		*usages = BR_KEYTYPE_SIGN;
	return &c->decoder.pkey;
}

static const br_x509_class chain_class = {sizeof(struct client_chain),
	start_chain, start_cert, append, end_cert, end_chain, get_pkey};

void
client_chain_init(struct client_chain *c)
{
	c->class = &chain_class;
	c->complete = false;
	c->len = 0;
}

struct slice
client_chain_proved(const struct client_chain *c)
{
	if (!c->complete)
		return SLICE_NONE;
	return (struct slice){(const char *)c->chain, c->len};
}
