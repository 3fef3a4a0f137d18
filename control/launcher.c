/* launcher - see launcher.h. Run by main before it forks. */
#include "control/launcher.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/keep.h"
#include "lib/buffer.h"

#define NAME_MAX_LEN 64 /* octets of TCP6REMOTEIP and its like */
#define PORT_TEXT 6	/* "65535" */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The value of <protocol><word>; an empty one says nothing. */
static struct slice
value_of(const char *protocol, const char *word)
{
	char name[NAME_MAX_LEN];
	struct buffer b = BUFFER_OVER(name);

	buffer_add_text(&b, protocol);
	buffer_add_text(&b, word);
	if (buffer_string(&b) == NULL)
		return SLICE_NONE;
	struct slice value = slice_of(getenv(name));

	return value.len == 0 ? SLICE_NONE : value;
}

static const char *
find_protocol(void)
{
	const char *candidates[] = {getenv("PROTO"), "TCP", "TCP6", "SSL"};

	for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
		if (candidates[i] != NULL &&
			value_of(candidates[i], "REMOTEIP").data != NULL)
			return candidates[i];
	return "TCP";
}

struct slice
launcher_address(int family, const void *address)
{
	const struct in6_addr *v6 = address;
	char *text = keep(INET6_ADDRSTRLEN);

	if (text == NULL)
		return slice_of("unknown");
	if (family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(v6)) {
		family = AF_INET;
		address = &v6->s6_addr[12];
	}
	return slice_of(inet_ntop(family, address, text, INET6_ADDRSTRLEN));
}

/* A mapped address, as a dual-stack listener has it, becomes the IPv4 one. */
static struct slice
without_mapping(struct slice text)
{
	char string[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (text.len > 0 && text.data[0] == ':' &&
		slice_string(text, string, sizeof string) == 0 &&
		inet_pton(AF_INET6, string, &address) == 1 &&
		IN6_IS_ADDR_V4MAPPED(&address))
		return launcher_address(AF_INET6, &address);
	return text;
}

struct slice
launcher_port(in_port_t port)
{
	char *text = keep(PORT_TEXT);
	struct buffer b = {text, 0, PORT_TEXT, false};

	if (text == NULL)
		return SLICE_NONE;
	buffer_add_number(&b, ntohs(port));
	return (struct slice){text, b.len};
}

/* Sets what is still absent from one end of the socket. */
static void
from_socket(int (*name)(int, struct sockaddr *, socklen_t *), int fd,
	struct slice *ip, struct slice *port)
{
	union address address = {.any.sa_family = AF_UNSPEC};
	socklen_t len = sizeof address;

	if ((ip->data != NULL && port->data != NULL) ||
		name(fd, &address.any, &len) == -1)
		return;
	bool v4 = address.any.sa_family == AF_INET;

	if (!v4 && address.any.sa_family != AF_INET6)
		return;
	if (port->data == NULL)
		*port = launcher_port(
			v4 ? address.v4.sin_port : address.v6.sin6_port);
	if (ip->data == NULL)
		*ip = v4 ? launcher_address(AF_INET, &address.v4.sin_addr)
			 : launcher_address(AF_INET6, &address.v6.sin6_addr);
}

void
launcher_read(struct config *config, int fd)
{
	const char *protocol = find_protocol();
	const char *tls = getenv("SSL_PROTOCOL");

	config->remote_ip = without_mapping(value_of(protocol, "REMOTEIP"));
	config->remote_host = value_of(protocol, "REMOTEHOST");
	config->remote_info = value_of(protocol, "REMOTEINFO");
	config->remote_port = value_of(protocol, "REMOTEPORT");
	config->local_ip = without_mapping(value_of(protocol, "LOCALIP"));
	config->local_host = value_of(protocol, "LOCALHOST");
	config->local_port = value_of(protocol, "LOCALPORT");
	config->tls_outside = tls != NULL && *tls != '\0';
	from_socket(getpeername, fd, &config->remote_ip, &config->remote_port);
	from_socket(getsockname, fd, &config->local_ip, &config->local_port);
	config->port = config->local_port;
	if (config->remote_ip.data == NULL)
		config->remote_ip = slice_of("unknown");
	if (config->remote_host.data == NULL)
		config->remote_host = slice_of("unknown");
}
