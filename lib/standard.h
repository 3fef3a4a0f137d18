/*
 * standard - descriptors 0, 1 and 2, whatever the launcher left of them.
 *
 * The number of a closed one goes to the next file or socket that is opened:
 * what is written to the client or the log would go there, and a process that
 * closes all but 0 and 1 would keep that file. The daemon and every tool call
 * standard_open() before they open anything.
 */
#ifndef LIB_STANDARD_H
#define LIB_STANDARD_H

#include <stdbool.h>

/*
 * Opens those that are closed on /dev/null, and remembers for the functions
 * below what all three are. Returns 0; or -1 with errno where /dev/null cannot
 * be opened: then their numbers are taken by what can be neither read nor
 * written, and the caller says why it ends.
 */
int standard_open(void);

/* Was 2 closed, or is it the socket or pipe that 0 or 1 is, too? */
bool standard_error_is_taken(void);

/* Is 1 neither socket nor terminal: a TLS helper's or recordio's pipe? */
bool standard_output_is_piped(void);

/*
 * What is written to the output, descriptor 1, leaves at once; where input and
 * output are sockets, reading and writing never block from now on. 1: they
 * are; 0: they are not; -1 with errno. shared: another process will use them,
 * too, so they stay as they are.
 */
int standard_unblock(bool shared);

/*
 * Ends the output, descriptor 1. Behind a pipe there may be a helper that ends
 * when we do: it gets ms to send what it holds. It is done when our input
 * ends, of which nothing is read.
 */
void standard_end_output(int ms);

#endif
