/*
 * bear - the physical limit with TLS: canned.c over BearSSL, one suite, key
 * and certificate as DER files. Under tcpserver: bear ec|rsa CERT KEY SINK
 */
#include "bench/canned.h"

#include <bearssl.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CERTIFICATE_MAX 4096

static struct bear {
	br_ssl_server_context server;
	br_sslio_context io;
	br_skey_decoder_context key;
	br_x509_certificate chain;
	int fd;
	unsigned char certificate[CERTIFICATE_MAX];
	unsigned char records[BR_SSL_BUFSIZE_BIDI];
} bear;

static int
low_read(void *context, unsigned char *data, size_t len)
{
	(void)context;
	ssize_t n = read(0, data, len);
	return n <= 0 ? -1 : (int)n;
}

static int
low_write(void *context, const unsigned char *data, size_t len)
{
	(void)context;
	ssize_t n = write(1, data, len);
	return n <= 0 ? -1 : (int)n;
}

static ssize_t
wire_read(void *wire, char *data, size_t len)
{
	return br_sslio_read(wire, data, len);
}

static int
wire_write(void *wire, const char *data, size_t len)
{
	return br_sslio_write_all(wire, data, len) == -1 ? -1
							 : br_sslio_flush(wire);
}

static size_t
load(const char *path, unsigned char *data, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd == -1 ? -1 : read(fd, data, size);

	if (fd != -1)
		close(fd);
	return n <= 0 ? 0 : (size_t)n;
}

static int
load_pair(struct bear *b, const char *certificate, const char *key)
{
	unsigned char text[CERTIFICATE_MAX];

	b->chain.data = b->certificate;
	b->chain.data_len =
		load(certificate, b->certificate, sizeof b->certificate);
	br_skey_decoder_init(&b->key);
	br_skey_decoder_push(&b->key, text, load(key, text, sizeof text));
	return b->chain.data_len > 0 && br_skey_decoder_last_error(&b->key) == 0
		       ? 0
		       : -1;
}

/* BearSSL's own profile of one suite, with the fastest code it has for it. */
static int
set_up(struct bear *b)
{
	const br_ec_private_key *ec = br_skey_decoder_get_ec(&b->key);
	const br_rsa_private_key *rsa = br_skey_decoder_get_rsa(&b->key);

	if (ec != NULL)
		br_ssl_server_init_minf2g(&b->server, &b->chain, 1, ec);
	else if (rsa != NULL)
		br_ssl_server_init_mine2g(&b->server, &b->chain, 1, rsa);
	else
		return -1;
	br_ssl_engine_set_default_aes_gcm(&b->server.eng);
	br_ssl_engine_set_default_ec(&b->server.eng);
	if (rsa != NULL)
		br_ssl_server_set_single_rsa(&b->server, &b->chain, 1, rsa,
			BR_KEYTYPE_SIGN, NULL, br_rsa_pkcs1_sign_get_default());
	else
		br_ssl_server_set_single_ec(&b->server, &b->chain, 1, ec,
			BR_KEYTYPE_SIGN, 0, br_ec_get_default(),
			br_ecdsa_sign_asn1_get_default());
	br_ssl_engine_set_buffer(
		&b->server.eng, b->records, sizeof b->records, 1);
	return br_ssl_server_reset(&b->server) ? 0 : -1;
}

int
main(int argc, char **argv)
{
	struct bear *b = &bear;
	struct canned c = {.read = wire_read,
		.write = wire_write,
		.wire = &b->io,
		.sink = argv[4]};
	int on = 1;

	if (argc != 5 || load_pair(b, argv[2], argv[3]) == -1 ||
		set_up(b) == -1)
		return 111;
	setsockopt(1, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	br_sslio_init(&b->io, &b->server.eng, low_read, NULL, low_write, NULL);
	canned_talk(&c);
	(void)br_sslio_close(&b->io);
	return 0;
}
