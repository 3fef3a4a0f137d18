/*
 * servers - the list of QMQP servers, control/qmqpservers: numeric
 * IPv4[:port] or [IPv6][:port], one a line; "#" lines, empty lines and
 * trailing blanks are nothing. Run by queue-qmqp and smtpd-check.
 */
#ifndef QUEUE_SERVERS_H
#define QUEUE_SERVERS_H

#include <netinet/in.h>

#include "lib/bytes.h"

#define SERVERS_FILE "qmqpservers"
#define SERVERS_MAX 64	     /* lines */
#define SERVERS_OCTETS 16384 /* of the file */
#define SERVERS_NAME 64	     /* an address as it is written, with its NUL */
#define SERVERS_PORT 628
#define SERVERS_SECONDS 240 /* for a message */

union servers_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct server {
	char name[SERVERS_NAME]; /* as the file has it */
	union servers_address address;
	socklen_t len; /* of address */
	bool out;      /* it has failed this message */
};

struct servers {
	struct server all[SERVERS_MAX];
	size_t count;
};

/*
 * Reads control/qmqpservers, and says what is wrong with it. Returns 0 or
 * QUEUE_NO_CONFIG.
 */
int servers_load(struct servers *servers);

/*
 * The part of it without I/O: the text of the file, beginning with nothing.
 * Returns NULL; or what is wrong with it, and then *line is the one that is
 * bad, or absent.
 */
const char *servers_parse(
	struct servers *servers, struct slice text, struct slice *line);

/*
 * $QMQPORDER and $QMQPTIMEOUT, or their defaults. Returns NULL; or the name
 * of the one that is wrong, and *rule says what it must be.
 */
const char *servers_environment(
	bool *rotate, uint64_t *seconds, const char **rule);

/* Turns the list so that the n-th (modulo their number) is the first. */
void servers_rotate(struct servers *servers, size_t n);

#endif
