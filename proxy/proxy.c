/* proxy - see proxy.h. Run by main; the reader begins here. */
#include "proxy/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/launcher.h"
#include "lib/buffer.h"
#include "lib/child.h"
#include "lib/clock.h"
#include "lib/fork.h"
#include "lib/jail.h"
#include "lib/rights.h"
#include "lib/signals.h"
#include "proxy/balancers.h"
#include "proxy/reader.h"

#define GRACE_MS 1000	/* until we end who does not end by itself */
#define NAME_LEN_MAX 64 /* octets of TCP6REMOTEIP and its like */
#define VALUE_LEN_MAX 64
#define FAULT_LEN_MAX 256

/* ---------------------------------------------------------- the reader --- */

/* The reader may have been taken over: a record of another form is none. */
static bool
is_possible(const struct reader_record *r)
{
	return r->verdict != PROXYHEADER_MORE && r->verdict <= READER_JAIL &&
	       r->version.len <= TLV_TEXT_MAX &&
	       r->cipher.len <= TLV_TEXT_MAX &&
	       r->authority.len <= TLV_TEXT_MAX &&
	       (r->verdict != READER_JAIL || jail_step_name(r->step) != NULL) &&
	       (r->verdict != PROXYHEADER_CLIENT || r->family == AF_INET ||
		       r->family == AF_INET6);
}

static int
await_record(int fd, int64_t deadline, struct reader_record *record)
{
	enum { RECORD, TERM };
	struct pollfd fds[] = {
		[RECORD] = {.fd = fd, .events = POLLIN},
		[TERM] = {.fd = signals_term_fd(), .events = POLLIN},
	};
	int ready = clock_poll(fds, 2, deadline);
	bool stopped = fds[TERM].revents != 0;

	if (fds[TERM].fd != -1)
		close(fds[TERM].fd);
	if (ready == 0)
		return READER_TIMEOUT;
	if (ready > 0 && stopped)
		return READER_TERM;
	if (ready == -1 || read(fd, record, sizeof *record) != sizeof *record ||
		!is_possible(record))
		return READER_DIED;
	return record->verdict;
}

/* The verdict, of either enum; or -1 with errno. */
static int
read_header(const struct jail *jail, struct reader_record *record)
{
	int64_t deadline = clock_ms() + READER_MS;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid_t reader = fork_child();

	if (reader == 0)
		reader_run(ends[1], jail, deadline);
	close(ends[1]);
	int verdict = -1;

	if (reader != -1) {
		verdict = await_record(ends[0], deadline + GRACE_MS, record);
		/* The reader has no more to say, whatever it is about to do. */
		kill(reader, SIGKILL);
		(void)child_wait(reader, NULL, CLOCK_NEVER);
	}
	close(ends[0]);
	return verdict;
}

/* ----------------------------------------------------------- the facts --- */

/* <protocol><word>=value; an absent value removes it. */
static int
set(const char *protocol, const char *word, struct slice value)
{
	char name[NAME_LEN_MAX], text[VALUE_LEN_MAX];
	struct buffer b = BUFFER_OVER(name);

	buffer_add_text(&b, protocol);
	buffer_add_text(&b, word);
	if (buffer_string(&b) == NULL) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (value.data == NULL)
		return unsetenv(name);
	if (slice_string(value, text, sizeof text) == -1) {
		errno = EINVAL;
		return -1;
	}
	return setenv(name, text, 1);
}

static bool
is_set(const char *protocol)
{
	char name[NAME_LEN_MAX];
	struct buffer b = BUFFER_OVER(name);

	buffer_add_text(&b, protocol);
	buffer_add_text(&b, "REMOTEIP");
	return buffer_string(&b) != NULL && getenv(name) != NULL;
}

static int
set_ends(const char *protocol, const struct config *c)
{
	if (set(protocol, "REMOTEIP", c->remote_ip) == -1 ||
		set(protocol, "REMOTEPORT", c->remote_port) == -1 ||
		set(protocol, "LOCALIP", c->local_ip) == -1)
		return -1;
	return set(protocol, "LOCALPORT", c->local_port);
}

/*
 * For hooks and queue program. TCP's always, since they look there where the
 * launcher has said nothing; of the twins those that it has set.
 */
static int
set_environment(const struct config *c, bool ends)
{
	const char *protocols[] = {"TCP", "TCP6", "SSL", getenv("PROTO")};
	size_t count = sizeof protocols / sizeof *protocols;

	for (size_t i = 0; i < count; i++) {
		const char *protocol = protocols[i];

		if (protocol == NULL)
			continue;
		if (ends && (i == 0 || is_set(protocol)) &&
			set_ends(protocol, c) == -1)
			return -1;
		if (set(protocol, "REMOTEHOST", SLICE_NONE) == -1 ||
			set(protocol, "REMOTEINFO", SLICE_NONE) == -1)
			return -1;
	}
	return unsetenv("RELAYCLIENT");
}

static struct slice
text_of(const struct tlv_text *text)
{
	return (struct slice){text->len == 0 ? NULL : text->data, text->len};
}

static void
believe_tls(struct config *config, const struct reader_record *record)
{
	config->tls_outside = true;
	config->tls_version = text_of(&record->version);
	if (config->tls_version.data == NULL)
		config->tls_version = slice_of("unknown");
	config->tls_cipher = text_of(&record->cipher);
	config->tls_sni = text_of(&record->authority);
}

/* Client and server become the header's. 0, or -1 with errno. */
static int
apply(struct config *config, const struct reader_record *record)
{
	const struct proxyheader_end *client = &record->source;
	const struct proxyheader_end *server = &record->destination;
	bool names = record->verdict == PROXYHEADER_CLIENT;

	config->proxy = config->remote_ip;
	config->remote_host = slice_of("unknown");
	config->remote_info = config->relayclient = SLICE_NONE;
	config->relayclient_set = false;
	config->health_check = !names;
	if (names) {
		config->remote_ip =
			launcher_address(record->family, client->address);
		config->remote_port = launcher_port(client->port);
		config->local_ip =
			launcher_address(record->family, server->address);
		config->local_port = launcher_port(server->port);
		if (config->proxytls && record->tls)
			believe_tls(config, record);
	} else {
		config->auth_off = true; /* its failures would be everybody's */
	}
	return set_environment(config, names);
}

/* --------------------------------------------------------- the outcome --- */

static struct proxy_outcome
refused(const char *detail)
{
	return (struct proxy_outcome){
		.result = PROXY_REFUSED, .detail = detail};
}

static struct proxy_outcome
fault(const char *file, const char *reason)
{
	return (struct proxy_outcome){
		.result = PROXY_FAULT, .file = file, .reason = reason};
}

static struct proxy_outcome
outcome_of(int verdict, const struct jail *jail, unsigned step)
{
	switch (verdict) {
	case PROXYHEADER_CLIENT:
	case PROXYHEADER_CHECK:
		return (struct proxy_outcome){.result = PROXY_GOOD};
	case PROXYHEADER_NONE:
		return refused("none");
	case PROXYHEADER_SYNTAX:
		return refused("syntax");
	case PROXYHEADER_SHORT:
		return refused("short");
	case PROXYHEADER_FAMILY:
		return refused("family");
	case READER_TIMEOUT:
		return refused("timeout");
	case READER_GONE:
	case READER_TERM:
		return refused(NULL);
	case READER_JAIL:
		return fault(jail->directory, rights_step(step));
	case READER_DIED:
		return fault("PROXYPROTOCOL", "its reader died");
	default:
		return fault("PROXYPROTOCOL", strerror(errno));
	}
}

struct proxy_outcome
proxy_receive(struct config *config, const struct jail *jail)
{
	static struct reader_record record;
	static char text[FAULT_LEN_MAX];
	struct buffer b = BUFFER_OVER(text);
	struct slice list = config->proxyprotocol;
	const char *wrong = balancers_fault(list, &b);

	if (wrong != NULL)
		return fault("PROXYPROTOCOL", wrong);
	if (!balancers_are_all(list) &&
		!balancers_have(list, config->remote_ip))
		return refused("sender");
	int verdict = read_header(jail, &record);
	struct proxy_outcome outcome = outcome_of(verdict, jail, record.step);

	if (outcome.result == PROXY_GOOD && apply(config, &record) == -1)
		return fault("PROXYPROTOCOL", strerror(errno));
	return outcome;
}
