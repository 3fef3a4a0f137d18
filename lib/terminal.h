/*
 * terminal - read a password from the terminal, or from standard input, and
 * let none get into a core dump.
 */
#ifndef LIB_TERMINAL_H
#define LIB_TERMINAL_H

#include "lib/buffer.h"

/*
 * Reads one line of descriptor 0 into out, without its LF. On a terminal it
 * prompts on descriptor 2 and turns echo off; before a signal stops or ends
 * the process, echo is on again. A line that does not fit sets
 * out->overflow. Returns 0, or -1 with errno.
 */
int terminal_password(const char *prompt, struct buffer *out);

/* From here on no core is dumped, no debugger let in. 0, or -1 with errno. */
int terminal_keep_secret(void);

#endif
