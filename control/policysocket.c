/*
 * policysocket - see policysocket.h. Run by main before it forks, by the keeper
 * and by smtpd-check.
 */
#include "control/policysocket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static socklen_t
unix_address(struct slice path, struct sockaddr_storage *address)
{
	struct sockaddr_un *a = (struct sockaddr_un *)address;

	a->sun_family = AF_UNIX;
	return slice_string(path, a->sun_path, sizeof a->sun_path) == -1
		       ? 0
		       : sizeof *a;
}

static socklen_t
internet_address(
	const char *host, in_port_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in *a4 = (struct sockaddr_in *)address;
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)address;

	if (inet_pton(AF_INET, host, &a4->sin_addr) == 1) {
		a4->sin_family = AF_INET;
		a4->sin_port = port;
		return sizeof *a4;
	}
	if (inet_pton(AF_INET6, host, &a6->sin6_addr) != 1)
		return 0;
	a6->sin6_family = AF_INET6;
	a6->sin6_port = port;
	return sizeof *a6;
}

socklen_t
policysocket_address(struct slice server, struct sockaddr_storage *address)
{
	char text[INET6_ADDRSTRLEN];
	size_t colon = slice_find_last(server, ':');
	struct slice host = {server.data, colon};
	bool brackets = host.len > 2 && host.data[0] == '[' &&
			host.data[host.len - 1] == ']';
	uint64_t port;

	memset(address, 0, sizeof *address);
	if (server.len > 0 && server.data[0] == '/')
		return unix_address(server, address);
	if (colon == server.len ||
		slice_number(slice_from(server, colon + 1), &port) == -1 ||
		port == 0 || port > UINT16_MAX)
		return 0;
	if (brackets)
		host = (struct slice){host.data + 1, host.len - 2};
	/* Six colons and a port without brackets could be all address. */
	if (brackets == (slice_find(host, ':') == host.len) ||
		slice_string(host, text, sizeof text) == -1)
		return 0;
	return internet_address(text, htons((uint16_t)port), address);
}

const char *
policysocket_read(struct policysocket *p, struct slice text)
{
	struct sockaddr_storage address;

	text = slice_skip_blanks(text);
	*p = (struct policysocket){.server = slice_word(&text)};
	if (policysocket_address(p->server, &address) == 0)
		return "begins with no path and no numeric host:port";
	p->rcpt = text.len == 0;
	while (text.len > 0) {
		struct slice when = slice_word(&text);

		if (slice_is_nocase(when, "rcpt"))
			p->rcpt = true;
		else if (slice_is_nocase(when, "end"))
			p->end = true;
		else
			return "knows rcpt and end, nothing else";
	}
	return NULL;
}
