/* Unit test of keeper/tls_words: what a launcher says of the TLS it began. */
#include <string.h>

#include "keeper/tls_words.h"
#include "lib/buffer.h"
#include "tests/tap.h"

#define WORD(text) ((struct slice){(text), sizeof(text)}) /* with its NUL */
#define HEX16 "000102030405060708090a0b0c0d0e0F"
#define FULL "SSL_PROTOCOL=TLSv1.3\0"

static struct tls_words words;

static void
test_end(void)
{
	ok(tls_words_end((struct slice){"", 0}) == 0, "nothing yet");
	ok(tls_words_end(WORD("")) == 1, "one NUL: an empty environment");
	ok(tls_words_end((struct slice){"a=b", 3}) == 0, "half an entry");
	ok(tls_words_end(WORD("a=b")) == 0, "an entry");
	ok(tls_words_end(WORD("a=b\0")) == 5, "and the end");
	ok(tls_words_end(WORD("a=b\0\0c")) == 5, "nothing behind it");
}

static void
test_words(void)
{
	ok(tls_words_read(&words,
		   WORD("SSL_PROTOCOL=TLSv1.3\0SSL_CIPHER=x=y\0"
			"SSL_TLS_SNI_SERVERNAME=a.example\0"
			"SSL_PEER_CERT_HASH=SHA256:" HEX16 HEX16 "\0")) == 0,
		"all that s6 says");
	ok(slice_is(words.protocol, "TLSv1.3"), "the protocol");
	ok(slice_is(words.cipher, "x=y"), "a value may have =");
	ok(slice_is(words.sni, "a.example"), "SNI");
	ok(words.has_hash && words.hash[1] == 1 && words.hash[31] == 15,
		"the hash");
	ok(tls_words_read(
		   &words, WORD(FULL "SSL_CIPHER=x\0SSL_CIPHER\0"
				     "SSL_TLS_SNI_SERVERNAME=\0"
				     "SSL_PEER_CERT_HASH\0XSSL_PROTOCOL=\0"
				     "SSL_PROTOCOL_X\0=\0")) == 0,
		"names alone");
	ok(words.cipher.data == NULL && words.sni.data == NULL &&
			!words.has_hash && slice_is(words.protocol, "TLSv1.3"),
		"are unset, and others are not ours");
}

static void
test_no_protocol(void)
{
	static char text[512];
	size_t name = strlen("SSL_PROTOCOL=");

	ok(tls_words_read(&words, WORD("")) == -1, "an empty environment");
	ok(tls_words_read(&words, WORD("SSL_CIPHER=x\0")) == -1, "no protocol");
	ok(tls_words_read(&words, WORD(FULL "SSL_PROTOCOL\0")) == -1,
		"one that is unset");
	ok(tls_words_read(&words, WORD("SSL_PROTOCOL=a\x7f\0")) == -1,
		"not printable");
	ok(tls_words_read(&words, WORD("SSL_PROTOCOL=a\xc3\xa9\0")) == -1,
		"not ASCII");
	memcpy(text, "SSL_PROTOCOL=", name);
	memset(text + name, 'x', TLS_WORDS_VALUE_MAX);
	ok(tls_words_read(&words,
		   (struct slice){text, name + TLS_WORDS_VALUE_MAX + 2}) == 0,
		"255 octets");
	text[name + TLS_WORDS_VALUE_MAX] = 'x';
	ok(tls_words_read(&words,
		   (struct slice){text, name + TLS_WORDS_VALUE_MAX + 3}) == -1,
		"256 octets");
}

static void
test_hash(void)
{
	static const char *const bad[] = {"SHA256:", "SHA256:" HEX16,
		"SHA256:" HEX16 HEX16 "00", "SHA256:" HEX16 HEX16 "0",
		"SHA256:" HEX16 "0x010203040506070809a0b0c0d0e0f0",
		"SHA1:" HEX16 HEX16, "sha256:" HEX16 HEX16, HEX16 HEX16,
		"SHA256", ":" HEX16 HEX16};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[256];
		struct buffer b = BUFFER_OVER(text);

		buffer_add(&b, FULL, sizeof FULL - 1);
		buffer_add_text(&b, "SSL_PEER_CERT_HASH=");
		buffer_add_text(&b, bad[i]);
		buffer_add(&b, "\0", 2);
		ok(tls_words_read(&words, buffer_slice(&b)) == 0 &&
				!words.has_hash,
			bad[i]);
	}
}

int
main(void)
{
	test_end();
	test_words();
	test_no_protocol();
	test_hash();
	return tap_done();
}
