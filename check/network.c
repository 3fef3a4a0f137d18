/*
 * network - the name's addresses, and whether somebody listens where clients
 * will come. Run by smtpd-check.
 */
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "check/holder.h"
#include "check/network.h"
#include "client/talk.h"

/* Where the service can be reached from this host. */
const char *
network_local_address(const struct check *c)
{
	const char *address = c->service.address;

	/* Every address: 0, 0.0.0.0, ::. */
	if (address == NULL || strspn(address, "0.:") == strlen(address))
		return "127.0.0.1";
	return address;
}

static bool
answers(const char *host, const char *port)
{
	struct talk t;
	bool open = talk_open(&t, host, port) == 0;

	talk_close(&t);
	return open;
}

static void
look_at_address(struct check *c, const struct addrinfo *address)
{
	char text[64];

	if (getnameinfo(address->ai_addr, address->ai_addrlen, text,
		    sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
		return;
	if (address->ai_family == AF_INET6 && !answers(text, c->service.port))
		report_add(&c->report, HOST_IPV6_DEAF, "DNS", text, NULL);
	else
		report_ok("address", "DNS", "%s", text);
}

/* Another program has the port: ours cannot bind it, and tries for ever. */
static bool
is_held(struct check *c, const char *port)
{
	struct holder holder;
	uint64_t number;

	if (slice_number(slice_of(port), &number) == -1 || number > 65535 ||
		!holder_find((unsigned)number, &holder) || holder.is_launcher)
		return false;
	/* Postfix's master would only be started again. */
	report_add(&c->report, HOST_PORT_HELD, "run",
		report_text("%s (process %s) holds port %s", holder.name,
			holder.pid, port),
		strcmp(holder.name, "master") == 0
			? report_text("postconf -M# %s/inet && postfix reload",
				  number == 465	  ? "submissions"
				  : number == 587 ? "submission"
						  : "smtp")
			: report_text("kill %s", holder.pid));
	return true;
}

void
check_network(struct check *c)
{
	const char *port = c->service.port, *local = network_local_address(c);
	struct addrinfo wish = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	bool running = port != NULL && answers(local, port);

	if (running && !is_held(c, port))
		report_ok(
			"service", "run", "listens on %s port %s", local, port);
	else if (running)
		running = false;
	else if (port != NULL)
		report_add(&c->report, HOST_NOT_RUNNING, "run",
			report_text("%s port %s", local, port), NULL);
	if (getaddrinfo(c->me, NULL, &wish, &found) != 0)
		report_add(
			&c->report, HOST_NO_ADDRESS, "control/me", c->me, NULL);
	/* Nobody listens yet, or nobody knows where: nothing to compare. */
	for (const struct addrinfo *at = found; running && at != NULL;
		at = at->ai_next)
		look_at_address(c, at);
	if (found != NULL)
		freeaddrinfo(found);
}
