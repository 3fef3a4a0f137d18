/* mailhost - host names and ports; part of smtpd-auth-conf. */
#include "conf/mailhost.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/execute.h"
#include "lib/hostname.h"

const char *
mailhost_fault(struct slice name)
{
	struct slice rest = name, label = name;
	size_t labels = 0;
	uint64_t number;

	if (name.len > HOSTNAME_MAX)
		return "longer than 253 octets";
	while (rest.data != NULL) {
		label = slice_split(&rest, '.');
		if (!hostname_is_label(label))
			return "not letters, digits and hyphens between dots";
		labels++;
	}
	if (slice_number(label, &number) == 0)
		return "an address; a name is wanted";
	if (labels == 1 && !slice_is(name, "localhost"))
		return "without a domain";
	return NULL;
}

/* Not by the C library: a static program has no name service switch. */
bool
mailhost_resolves(const char *name)
{
	char *const argv[] = {(char *)"getent", (char *)"hosts",
		(char *)(uintptr_t)name, NULL};
	struct execute_reason reason;

	/* 2: the name was not found. */
	return execute(argv, -1, -1, &reason) != 2;
}

static bool
taken(int family, const void *address, socklen_t len)
{
	int on = 1, fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool result;

	if (fd == -1)
		return false; /* no IPv6 here */
	/* As tcpserver does it; then closed connections take no port. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
	result = bind(fd, address, len) == -1 && errno == EADDRINUSE;
	(void)close(fd);
	return result;
}

bool
mailhost_port_taken(unsigned port)
{
	const struct sockaddr_in four = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	const struct sockaddr_in6 six = {
		.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

	return taken(AF_INET, &four, sizeof four) ||
	       taken(AF_INET6, &six, sizeof six);
}
