/*
 * spool - a message that waits on disk until its envelope is complete, in a
 * file that is gone with the process whatever happens.
 */
#ifndef QUEUE_SPOOL_H
#define QUEUE_SPOOL_H

#include "queue/intake.h"

/*
 * Receives the message into a file without a name in $TMPDIR, or /tmp, open
 * as *fd with its place at the front. Says what fails. Returns 0 or an exit
 * code.
 */
int spool_message(int *fd, struct intake *in);

#endif
