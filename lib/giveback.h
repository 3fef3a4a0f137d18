/*
 * giveback - memory that was computed with once, a TLS handshake's, goes back
 * to the kernel: an idle connection and each copy of the process are the
 * smaller for it, and what lay there is gone. One system call (madvise) each,
 * which no jail allows: for the keeper.
 */
#ifndef LIB_GIVEBACK_H
#define LIB_GIVEBACK_H

#include <stddef.h>

#define GIVEBACK_PAGE 4096 /* octets; where pages are larger all is wiped */

/*
 * Private memory that begins with a page: zero when it is touched next. Of the
 * last page what is behind it stays.
 */
void giveback_pages(void *start, size_t len);

/* Wipes what its caller's calls have left on the stack. */
void giveback_stack(void);

#endif
