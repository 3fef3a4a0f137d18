/* tlv - see tlv.h. Run by the reader. */
#include "proxy/tlv.h"

/* Section 2.2 of the protocol: the types that say something to us. */
enum {
	AUTHORITY = 0x02, /* the name that the client asked for (SNI) */
	SSL = 0x20,
	SSL_VERSION = 0x21, /* within SSL */
	SSL_CIPHER = 0x23
};

#define CLIENT_SSL 0x01 /* bit of SSL's first octet: it does speak TLS */
#define SSL_FIXED 5	/* that octet, and four about the certificate */

/* Type and length, octet by octet. 1 when whole; -1 when that is too long. */
static int
take_head(struct tlv_scope *s, unsigned char octet, size_t left)
{
	s->head[s->head_len++] = octet;
	if (s->head_len < sizeof s->head)
		return 0;
	s->left = (size_t)s->head[1] << 8 | s->head[2];
	if (s->left > left)
		return -1;
	if (s->left == 0)
		s->head_len = 0;
	return 1;
}

static bool
in_head(const struct tlv_scope *s)
{
	return s->head_len < sizeof s->head;
}

static void
count_value(struct tlv_scope *s)
{
	if (--s->left == 0)
		s->head_len = 0;
}

static void
keep_octet(struct tlv_text *text, unsigned char octet)
{
	if (text->len < sizeof text->data)
		text->data[text->len++] = (char)octet;
}

/* A value's octet within SSL. left: how many of SSL's come after it. */
static int
take_ssl(struct tlv *t, unsigned char octet, size_t left)
{
	if (t->ssl_len < SSL_FIXED) {
		if (t->ssl_len++ == 0)
			t->tls = t->tls || (octet & CLIENT_SSL) != 0;
		return 0;
	}
	if (in_head(&t->inner))
		return take_head(&t->inner, octet, left) == -1 ? -1 : 0;
	if (t->inner.head[0] == SSL_VERSION)
		keep_octet(&t->version, octet);
	if (t->inner.head[0] == SSL_CIPHER)
		keep_octet(&t->cipher, octet);
	count_value(&t->inner);
	return 0;
}

int
tlv_take(struct tlv *t, unsigned char octet, size_t left)
{
	bool ssl = t->outer.head[0] == SSL;

	if (in_head(&t->outer)) {
		int result = take_head(&t->outer, octet, left);

		if (result != 1)
			return result;
		t->ssl_len = 0;
		t->inner.head_len = 0;
		return t->outer.head[0] == SSL && t->outer.left < SSL_FIXED ? -1
									    : 0;
	}
	if (ssl && take_ssl(t, octet, t->outer.left - 1) == -1)
		return -1;
	if (t->outer.head[0] == AUTHORITY)
		keep_octet(&t->authority, octet);
	count_value(&t->outer);
	/* The last of SSL's ends the last within it. */
	return ssl && t->outer.left == 0 && t->inner.head_len != 0 ? -1 : 0;
}

bool
tlv_is_whole(const struct tlv *t)
{
	return t->outer.head_len == 0;
}
