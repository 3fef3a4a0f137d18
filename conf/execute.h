/* execute - another program, to its end. */
#ifndef CONF_EXECUTE_H
#define CONF_EXECUTE_H

#include <stdbool.h>

#define EXECUTE_REASON_MAX 200

/* The last line that it wrote to descriptor 2, or why it could not start. */
struct execute_reason {
	char text[EXECUTE_REASON_MAX];
};

/*
 * Runs argv (looked for in PATH) in the directory open as directory_fd and
 * with input_fd as descriptor 0; -1 for none (the directory then stays, the
 * input is empty). What it prints to descriptor 1 is dropped. Returns its
 * exit status, or -1 (it could not be started, or a signal ended it).
 */
int execute(char *const argv[], int directory_fd, int input_fd,
	struct execute_reason *reason);

/* Is there such a program in PATH? */
bool execute_finds(const char *name);

#endif
