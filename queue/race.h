/*
 * race - a connection to the first of several servers that takes one. They
 * are tried in their order, the next one beside those that have not answered
 * within half a second, so that one that is down holds nothing up. Run by
 * queue-qmqp.
 */
#ifndef QUEUE_RACE_H
#define QUEUE_RACE_H

#include "queue/servers.h"

#define RACE_NEXT_MS 500     /* then the next one is begun */
#define RACE_CONNECT_MS 5000 /* then one is given up */

enum race_end { RACE_WON, RACE_NONE_LEFT, RACE_STOPPED, RACE_TIMEOUT };

/*
 * Tries those that are not out, until deadline (clock_ms()) or until stop is
 * readable; says why one is not reached and puts it out. RACE_WON: *winner
 * is its index, and *fd a socket that does not block.
 */
enum race_end race_run(struct servers *servers, int stop, int64_t deadline,
	size_t *winner, int *fd);

#endif
