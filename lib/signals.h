/*
 * signals - SIGTERM as something to be read, and signals around the children
 * that a program is run in.
 */
#ifndef LIB_SIGNALS_H
#define LIB_SIGNALS_H

#include <stdint.h>

/*
 * From here on SIGTERM waits, in this process and in those that it forks:
 * who reads it from signals_term_fd() ends by it, all others ignore it.
 */
void signals_hold_term(void);

/* Readable once SIGTERM has come; close-on-exec. -1 with errno. */
int signals_term_fd(void);

/*
 * Around vfork(): no handler may run in the child, on its parent's memory.
 * What signals_block() returns is signals_restore()'s.
 */
uint64_t signals_block(void);
void signals_restore(uint64_t before);

/* In the child, before an exec: as if nobody had touched them, every signal
 * has its default action, and then none is blocked. Only calls that may be
 * made after vfork(). */
void signals_default(void);

#endif
