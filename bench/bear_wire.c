/* bear_wire - see bear_wire.h. Run by bear and isolated_bear. */
#include "bench/bear_wire.h"

#include <fcntl.h>
#include <unistd.h>

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

int
bear_load_certificate(struct bear *b, const char *path)
{
	b->chain.data = b->certificate;
	b->chain.data_len = load(path, b->certificate, sizeof b->certificate);
	return b->chain.data_len > 0 ? 0 : -1;
}

int
bear_load_key(struct bear *b, const char *path)
{
	unsigned char text[BEAR_FILE_MAX];

	br_skey_decoder_init(&b->key);
	br_skey_decoder_push(&b->key, text, load(path, text, sizeof text));
	return br_skey_decoder_last_error(&b->key) == 0 ? 0 : -1;
}

void
bear_profile(struct bear *b, bool rsa)
{
	/* The key comes later, if there is one in this process. */
	if (rsa)
		br_ssl_server_init_mine2g(&b->server, &b->chain, 1, NULL);
	else
		br_ssl_server_init_minf2g(&b->server, &b->chain, 1, NULL);
	br_ssl_engine_set_default_aes_gcm(&b->server.eng);
}

int
bear_talk(struct bear *b, struct canned *c)
{
	br_ssl_engine_set_buffer(
		&b->server.eng, b->records, sizeof b->records, 1);
	if (!br_ssl_server_reset(&b->server))
		return -1;
	br_sslio_init(&b->io, &b->server.eng, low_read, NULL, low_write, NULL);
	c->read = wire_read;
	c->write = wire_write;
	c->wire = &b->io;
	canned_talk(c);
	(void)br_sslio_close(&b->io);
	return 0;
}
