/*
 * program - what our qmail-queue programs have in common besides intake:
 * options, descriptors, signals, and how a failure is told.
 */
#ifndef QUEUE_PROGRAM_H
#define QUEUE_PROGRAM_H

#include <signal.h>

#include "lib/bytes.h"

struct program {
	const char *name;
	const char *usage; /* whole lines */
	int (*run)(void);  /* returns the exit code */
};

/*
 * main() of such a program: -h, -V, no arguments. Descriptors 0 and 1 are
 * open when run is called, 2 at least on /dev/null. Returns the exit code.
 */
int program_main(const struct program *program, int argc, char **argv);

/* One line on descriptor 2: "NAME: TEXT". Control characters become "?". */
void program_say(struct slice text);

/* Likewise: "NAME: OBJECT: WHATTEXT". */
void program_say_about(const char *object, const char *what, struct slice text);

/*
 * Says "NAME: fatal: unable to WHAT OBJECT: REASON"; what ends with a blank
 * where an object follows, else object is "". reason NULL is errno's, which
 * may also change the code. Returns the exit code.
 */
int program_fail(
	int code, const char *what, const char *object, const char *reason);

/*
 * A signal that would end us waits in a descriptor until we have cleaned up.
 * One that our parent ignored (nohup) is none. Returns the descriptor, or -1
 * with errno; *before is the mask as it was.
 */
int program_hold_signals(sigset_t *before);

/* Descriptor 2 is the client's: no more lines go there. */
void program_say_no_more(void);

#endif
