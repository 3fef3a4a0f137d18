/*
 * signals - SIGTERM as something to be read, and signals around the children
 * that a program is run in.
 */
#ifndef LIB_SIGNALS_H
#define LIB_SIGNALS_H

#include <stdint.h>

/*
 * From here on SIGTERM is blocked, in this process and in those that it forks:
 * a process that reads it from signals_term_fd() may end by it, any other
 * never hears of it.
 */
int signals_hold_term(void); /* 0, or -1 with errno */

/*
 * Readable once SIGTERM has come; close-on-exec. -1 with errno, and then the
 * signal is held no longer: it ends this process, as it would any other.
 */
int signals_term_fd(void);

/*
 * Around child_spawn()'s clone(): no handler may run in the child, on its
 * parent's memory. signals_restore() takes what signals_block() has returned.
 */
uint64_t signals_block(void);
void signals_restore(uint64_t before);

/*
 * In the child, before an exec: gives every signal its default action, then
 * blocks none. It makes only calls that are allowed in a child that borrows
 * its parent's memory.
 */
void signals_default(void);

#endif
