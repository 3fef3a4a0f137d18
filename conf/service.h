/* service - the service directory of one port. */
#ifndef CONF_SERVICE_H
#define CONF_SERVICE_H

#include "conf/stage.h"

/* Port 465 has TLS from the first byte; 25 takes mail from anyone. */
#define SERVICE_PORT_TLS 465
#define SERVICE_PORT_MX 25

/*
 * Sets conf->serves_ipv6: does this host's tcprules, and so its tcpserver,
 * know IPv6 (ucspi-tcp-ipv6)? Asked in the stage, which must be empty.
 */
void service_probe(struct conf *conf, const struct stage *stage);

/* PORT/ of the stage, with all in it but the owner of log/main. */
int service_make(const struct conf *conf, struct stage *stage, unsigned port);

/* log/main becomes the log account's. */
int service_own(const struct conf *conf, struct stage *stage, unsigned port);

/* Renames all of them into place. */
int service_place(const struct conf *conf, struct stage *stage);

#endif
