/*
 * Unit test of queue/servers: addresses and ports as the sockets get them,
 * and the order. tests/queue/qmqp.t has the lists that are bad.
 */
#include "queue/servers.h"

#include <arpa/inet.h>

#include "tests/tap.h"

static struct servers servers;

static bool
is_v4(size_t i, uint32_t address, uint16_t port)
{
	const struct server *server = &servers.all[i];

	return server->address.v4.sin_family == AF_INET &&
	       server->len == sizeof server->address.v4 &&
	       server->address.v4.sin_addr.s_addr == htonl(address) &&
	       server->address.v4.sin_port == htons(port) && !server->out;
}

static bool
is_v6(size_t i, unsigned char last, uint16_t port)
{
	const struct server *server = &servers.all[i];
	const unsigned char *octets = server->address.v6.sin6_addr.s6_addr;

	return server->address.v6.sin6_family == AF_INET6 &&
	       server->len == sizeof server->address.v6 && octets[0] == 0x20 &&
	       octets[15] == last &&
	       server->address.v6.sin6_port == htons(port) && !server->out;
}

static void
test_parse(void)
{
	struct slice line;

	ok(servers_parse(&servers,
		   slice_of("192.0.2.1\n192.0.2.2:26 \t\r\n# x\n\n"
			    "[2001:db8::7]\n[2001:db8::8]:65535"),
		   &line) == NULL &&
			servers.count == 4 && line.data == NULL,
		"four servers");
	ok(is_v4(0, 0xc0000201, 628), "IPv4");
	ok(is_v4(1, 0xc0000202, 26) &&
			strcmp(servers.all[1].name, "192.0.2.2:26") == 0,
		"with a port, and its name");
	ok(is_v6(2, 7, 628), "IPv6");
	ok(is_v6(3, 8, 65535), "with a port");
	ok(servers_parse(&servers, slice_of("192.0.2.1\nx y\n"), &line) !=
				NULL &&
			slice_is(line, "x y"),
		"the bad line is named");
	ok(servers_parse(&servers, slice_of(""), &line) != NULL &&
			line.data == NULL,
		"an empty file");
}

static void
test_rotate(void)
{
	struct slice line;
	const char *text = "10.0.0.1\n10.0.0.2\n10.0.0.3\n";

	for (size_t n = 0; n < 7; n++) {
		(void)servers_parse(&servers, slice_of(text), &line);
		servers_rotate(&servers, n);
		ok(is_v4(0, 0x0a000001 + (uint32_t)(n % 3), 628) &&
				is_v4(2, 0x0a000001 + (uint32_t)((n + 2) % 3),
					628),
			"rotated");
	}
}

int
main(void)
{
	test_parse();
	test_rotate();
	return tap_done();
}
