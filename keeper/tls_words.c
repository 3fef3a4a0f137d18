/* tls_words - see tls_words.h. Run by the keeper. */
#include "keeper/tls_words.h"

#include "lib/buffer.h"
#include "lib/hex.h"

size_t
tls_words_end(struct slice text)
{
	size_t at = 0;

	while (at < text.len) {
		size_t len = slice_find(slice_from(text, at), '\0');

		if (len == 0)
			return at + 1;
		at += len + 1;
	}
	return 0;
}

/* Empty says nothing; nor does what would be no line of the log. */
static struct slice
clean(struct slice value)
{
	if (value.len == 0 || value.len > TLS_WORDS_VALUE_MAX)
		return SLICE_NONE;
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < ' ' || value.data[i] > '~')
			return SLICE_NONE;
	return value;
}

static void
read_hash(struct tls_words *words, struct slice value)
{
	struct buffer hash = BUFFER_OVER(words->hash);
	struct slice kind = slice_split(&value, ':');

	words->has_hash = slice_is(kind, "SHA256") && value.data != NULL &&
			  hex_decode(&hash, value) == 0 &&
			  hash.len == sizeof words->hash;
}

/* One entry. value: data NULL where there is only a name. */
static void
hear(struct tls_words *words, struct slice name, struct slice value)
{
	if (slice_is(name, "SSL_PROTOCOL"))
		words->protocol = clean(value);
	else if (slice_is(name, "SSL_CIPHER"))
		words->cipher = clean(value);
	else if (slice_is(name, "SSL_TLS_SNI_SERVERNAME"))
		words->sni = clean(value);
	else if (slice_is(name, "SSL_PEER_CERT_HASH"))
		read_hash(words, clean(value));
}

int
tls_words_read(struct tls_words *words, struct slice text)
{
	*words = (struct tls_words){.protocol = SLICE_NONE,
		.cipher = SLICE_NONE,
		.sni = SLICE_NONE};
	for (;;) {
		struct slice entry = slice_split(&text, '\0');

		if (entry.len == 0)
			break;
		struct slice name = slice_split(&entry, '=');

		hear(words, name, entry);
	}
	return words->protocol.data != NULL ? 0 : -1;
}
