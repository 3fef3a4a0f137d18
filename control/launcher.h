/*
 * launcher - who is connected to what: from the environment that tcpserver
 * and its kind set, else from the socket.
 */
#ifndef CONTROL_LAUNCHER_H
#define CONTROL_LAUNCHER_H

#include <netinet/in.h>

#include "control/config.h"

/*
 * Sets remote_*, local_* and tls_outside. The variables are those of $PROTO
 * (TCPREMOTEIP, TCP6REMOTEIP, SSLREMOTEIP, ...); when that has no REMOTEIP,
 * the first of TCP, TCP6 and SSL that has. What they do not say about
 * addresses and ports is asked of fd, when it is an internet socket.
 */
void launcher_read(struct config *config, int fd);

/*
 * The text of an address of that family, a mapped one as IPv4, and of a port
 * in network order. Its memory lives as long as the process.
 */
struct slice launcher_address(int family, const void *address);
struct slice launcher_port(in_port_t port);

#endif
