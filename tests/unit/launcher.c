/*
 * Unit test of control/launcher: whose words count, and what the socket says
 * when there are none.
 */
#include "control/launcher.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/tap.h"

#define GIVEN 4
#define MUST(good)                                                             \
	do {                                                                   \
		if (!(good)) {                                                 \
			printf("Bail out! %s\n", #good);                       \
			exit(1);                                               \
		}                                                              \
	} while (0)

static const struct launcher_case {
	const char *what;
	const char *given[GIVEN]; /* NAME=VALUE */
	size_t offset;		  /* of the slice that is looked at */
	const char *value;	  /* NULL: absent */
} cases[] = {
#define AT(member) offsetof(struct config, member)
	{"nothing: address", {NULL}, AT(remote_ip), "unknown"},
	{"nothing: host", {NULL}, AT(remote_host), "unknown"},
	{"nothing: info", {NULL}, AT(remote_info), NULL},
	{"nothing: remote port", {NULL}, AT(remote_port), NULL},
	{"nothing: local address", {NULL}, AT(local_ip), NULL},
	{"nothing: local port", {NULL}, AT(local_port), NULL},
	{"TCPREMOTEIP", {"TCPREMOTEIP=192.0.2.7"}, AT(remote_ip), "192.0.2.7"},
	{"TCPREMOTEIP empty", {"TCPREMOTEIP="}, AT(remote_ip), "unknown"},
	{"TCPREMOTEHOST", {"TCPREMOTEHOST=a.example.org"}, AT(remote_host),
		"a.example.org"},
	{"TCPREMOTEINFO", {"TCPREMOTEINFO=joe"}, AT(remote_info), "joe"},
	{"TCPREMOTEPORT", {"TCPREMOTEPORT=1"}, AT(remote_port), "1"},
	{"TCPLOCALIP", {"TCPLOCALIP=192.0.2.8"}, AT(local_ip), "192.0.2.8"},
	{"TCPLOCALHOST", {"TCPLOCALHOST=mx"}, AT(local_host), "mx"},
	{"TCPLOCALPORT", {"TCPLOCALPORT=25"}, AT(local_port), "25"},
	{"mapped", {"TCPREMOTEIP=::ffff:192.0.2.7"}, AT(remote_ip),
		"192.0.2.7"},
	{"mapped, in hex", {"TCPREMOTEIP=::FFFF:c000:207"}, AT(remote_ip),
		"192.0.2.7"},
	{"our side mapped", {"TCPLOCALIP=::ffff:192.0.2.8"}, AT(local_ip),
		"192.0.2.8"},
	{"IPv6", {"TCPREMOTEIP=2001:db8::7"}, AT(remote_ip), "2001:db8::7"},
	{"IPv6 loopback", {"TCPREMOTEIP=::1"}, AT(remote_ip), "::1"},
	{"no address", {"TCPREMOTEIP=::ffff:x"}, AT(remote_ip), "::ffff:x"},
	{"PROTO=SSL",
		{"PROTO=SSL", "SSLREMOTEIP=192.0.2.1", "TCPREMOTEIP=192.0.2.2"},
		AT(remote_ip), "192.0.2.1"},
	{"PROTO=TCP",
		{"PROTO=TCP", "SSLREMOTEIP=192.0.2.1", "TCPREMOTEIP=192.0.2.2"},
		AT(remote_ip), "192.0.2.2"},
	{"PROTO=TCP6",
		{"PROTO=TCP6", "TCP6REMOTEIP=2001:db8::1", "TCPLOCALPORT=25",
			"TCP6LOCALPORT=587"},
		AT(local_port), "587"},
	{"PROTO=SSL with TCP names", {"PROTO=SSL", "TCPREMOTEIP=192.0.2.2"},
		AT(remote_ip), "192.0.2.2"},
	{"no PROTO, SSL names", {"SSLREMOTEIP=192.0.2.1"}, AT(remote_ip),
		"192.0.2.1"},
	{"no PROTO, TCP6 names", {"TCP6REMOTEIP=2001:db8::1"}, AT(remote_ip),
		"2001:db8::1"},
	{"names do not mix",
		{"PROTO=SSL", "SSLREMOTEIP=192.0.2.1",
			"TCPREMOTEHOST=a.example.org"},
		AT(remote_host), "unknown"},
	{"a PROTO of no use",
		{"PROTO=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
			"TCPREMOTEIP=192.0.2.2"},
		AT(remote_ip), "192.0.2.2"},
};

static void
forget(void)
{
	static const char *const protocols[] = {"TCP", "TCP6", "SSL"};
	static const char *const words[] = {"REMOTEIP", "REMOTEHOST",
		"REMOTEINFO", "REMOTEPORT", "LOCALIP", "LOCALHOST",
		"LOCALPORT"};
	char name[40];

	unsetenv("PROTO");
	unsetenv("SSL_PROTOCOL");
	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++)
		for (size_t j = 0; j < sizeof words / sizeof *words; j++) {
			snprintf(name, sizeof name, "%s%s", protocols[i],
				words[j]);
			unsetenv(name);
		}
}

static void
check_words(void)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct launcher_case *c = &cases[i];
		struct config config = {.trace = false};
		struct slice got;

		forget();
		for (size_t j = 0; j < GIVEN && c->given[j] != NULL; j++) {
			char text[100];
			char *value;

			snprintf(text, sizeof text, "%s", c->given[j]);
			value = strchr(text, '=');
			*value++ = '\0';
			setenv(text, value, 1);
		}
		launcher_read(&config, -1);
		memcpy(&got, (const char *)&config + c->offset, sizeof got);
		if (c->value == NULL)
			ok(got.data == NULL, c->what);
		else
			ok(slice_is(got, c->value), c->what);
	}
}

static void
check_tls(void)
{
	struct config config = {.trace = false};

	forget();
	launcher_read(&config, -1);
	ok(!config.tls_outside, "no SSL_PROTOCOL: no TLS outside");
	setenv("SSL_PROTOCOL", "", 1);
	launcher_read(&config, -1);
	ok(!config.tls_outside, "SSL_PROTOCOL empty: no TLS outside");
	setenv("SSL_PROTOCOL", "TLSv1.3", 1);
	launcher_read(&config, -1);
	ok(config.tls_outside, "SSL_PROTOCOL: TLS outside");
}

/*
 * Connects over loopback: fd[0] is accepted, fd[1] the client's. mapped: an
 * IPv4 client at an IPv6 listener. Returns -1 where there is no such address.
 */
static int
connect_pair(int family, bool mapped, int fd[2])
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
		.sin6_addr = mapped ? in6addr_any : in6addr_loopback};
	struct sockaddr_in v4 = {.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr *at = family == AF_INET ? (void *)&v4 : (void *)&v6;
	struct sockaddr *to = mapped ? (void *)&v4 : at;
	socklen_t len = family == AF_INET ? sizeof v4 : sizeof v6;
	int off = 0, listener = socket(family, SOCK_STREAM, 0);

	if (listener == -1)
		return -1;
	if (mapped)
		(void)setsockopt(
			listener, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(listener, at, len) == -1 || listen(listener, 1) == -1 ||
		getsockname(listener, at, &len) == -1) {
		close(listener);
		return -1;
	}
	if (mapped)
		v4.sin_port = v6.sin6_port;
	fd[1] = socket(to->sa_family, SOCK_STREAM, 0);
	len = to->sa_family == AF_INET ? sizeof v4 : sizeof v6;
	MUST(connect(fd[1], to, len) == 0);
	fd[0] = accept(listener, NULL, NULL);
	MUST(fd[0] != -1);
	close(listener);
	return 0;
}

/* The port of a socket's own end, as text. */
static void
port_of(int fd, char text[8])
{
	struct sockaddr_in6 v6;
	socklen_t len = sizeof v6;

	/* The port has the same place in both kinds of address. */
	MUST(getsockname(fd, (void *)&v6, &len) == 0);
	snprintf(text, 8, "%u", ntohs(v6.sin6_port));
}

static void
check_socket(int family, bool mapped, const char *address, const char *what)
{
	struct config config = {.trace = false};
	char remote[8], local[8];
	int fd[2];

	forget();
	if (connect_pair(family, mapped, fd) == -1) {
		ok(1, "# SKIP no such address here");
		return;
	}
	port_of(fd[1], remote);
	port_of(fd[0], local);
	launcher_read(&config, fd[0]);
	ok(slice_is(config.remote_ip, address) &&
			slice_is(config.local_ip, address),
		what);
	ok(slice_is(config.remote_port, remote) &&
			slice_is(config.local_port, local),
		"... and its ports");
	setenv("TCPREMOTEIP", "192.0.2.7", 1);
	setenv("TCPREMOTEPORT", "7", 1);
	launcher_read(&config, fd[0]);
	ok(slice_is(config.remote_ip, "192.0.2.7") &&
			slice_is(config.remote_port, "7") &&
			slice_is(config.local_port, local),
		"... only for what the launcher did not say");
	setenv("TCPLOCALPORT", "25", 1);
	launcher_read(&config, fd[0]);
	ok(slice_is(config.local_ip, address) &&
			slice_is(config.local_port, "25"),
		"... not even a port beside an address");
	unsetenv("TCPLOCALPORT");
	setenv("TCPLOCALIP", "192.0.2.8", 1);
	launcher_read(&config, fd[0]);
	ok(slice_is(config.local_ip, "192.0.2.8") &&
			slice_is(config.local_port, local),
		"... nor an address beside a port");
	close(fd[0]);
	close(fd[1]);
}

static void
check_unix(void)
{
	struct config config = {.trace = false};
	int pair[2];

	forget();
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	launcher_read(&config, pair[0]);
	ok(slice_is(config.remote_ip, "unknown") &&
			config.local_port.data == NULL,
		"a socket that is not of the internet");
	close(pair[0]);
	close(pair[1]);
}

int
main(void)
{
	check_words();
	check_tls();
	check_socket(AF_INET, false, "127.0.0.1", "an IPv4 socket");
	check_socket(AF_INET6, false, "::1", "an IPv6 socket");
	check_socket(AF_INET6, true, "127.0.0.1", "a dual-stack socket");
	check_unix();
	return tap_done();
}
