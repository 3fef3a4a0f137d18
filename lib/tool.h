/*
 * tool - what the programs that are run by hand have in common: exit codes,
 * how they say what is wrong, and the end of their output.
 */
#ifndef LIB_TOOL_H
#define LIB_TOOL_H

enum { TOOL_USAGE = 100, TOOL_TEMPORARY = 111 };

/*
 * First of all: the program's name, for every line below, and descriptors 0, 1
 * and 2 are open from now on. Where they cannot be, the program ends.
 */
void tool_start(const char *name);

/* Prints "NAME: fatal: ...", behind what was printed so far; returns status. */
int tool_fatal(int status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Prints "NAME: warning: ...". */
void tool_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the program: "NAME: fatal: WHAT; see -h". */
_Noreturn void tool_die_usage(const char *what);

/*
 * Ends the program; where standard output took not all, it says so and the
 * status is TOOL_TEMPORARY. It says nothing to who stopped reading: "| head".
 */
_Noreturn void tool_leave(int status);

/* Prints the text that -h or -V asks for, and leaves. */
_Noreturn void tool_print(const char *text);

#endif
