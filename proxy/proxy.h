/*
 * proxy - the PROXY header that comes before all else: starts the process that
 * reads it, and puts what it says in place of what the launcher said.
 */
#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

#include "control/config.h"
#include "lib/jail.h"

struct proxy_outcome {
	enum { PROXY_GOOD, PROXY_REFUSED, PROXY_FAULT } result;
	const char *detail; /* REFUSED: the log's word; NULL: nothing is said */
	const char *file, *reason; /* FAULT, of the set-up */
};

/*
 * Reads the header by a process of its own, in READER_MS at most; jail is that
 * process's. Then client and server are the header's, in config and in the
 * environment, and what the launcher knew about the balancer is dropped. The
 * outcome's texts live until the next call.
 */
struct proxy_outcome proxy_receive(
	struct config *config, const struct jail *jail);

#endif
