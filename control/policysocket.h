/*
 * policysocket - where the policy daemon is, and when it is asked: a path or a
 * numeric host:port, then rcpt, end or both (rcpt alone where neither stands).
 */
#ifndef CONTROL_POLICYSOCKET_H
#define CONTROL_POLICYSOCKET_H

#include <sys/socket.h>

#include "lib/bytes.h"

struct policysocket {
	struct slice server; /* as written; absent: nobody is asked */
	bool rcpt;	     /* at each RCPT */
	bool end;	     /* after the final dot */
};

/* Reads the setting. NULL, or what is wrong with it. */
const char *policysocket_read(struct policysocket *p, struct slice text);

/*
 * The address of a server: /path, 127.0.0.1:10031 or [::1]:10031. Its length,
 * or 0 when it is none of these.
 */
socklen_t policysocket_address(
	struct slice server, struct sockaddr_storage *address);

#endif
