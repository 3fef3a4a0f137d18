/* run - another program, to its end. */
#ifndef CONF_EXECUTE_H
#define CONF_EXECUTE_H

#include <stdbool.h>

#define RUN_REASON_MAX 200

/* The last line that it wrote to descriptor 2, or why it could not start. */
struct run_reason {
	char text[RUN_REASON_MAX];
};

/*
 * Runs argv (looked for in PATH) in the directory open as directory_fd and
 * with input_fd as descriptor 0; -1 for none (the directory then stays, the
 * input is empty). What it prints to descriptor 1 is dropped. Returns its
 * exit status, or -1 (it could not be started, or a signal ended it).
 */
int run_program(char *const argv[], int directory_fd, int input_fd,
	struct run_reason *reason);

/* Is there such a program in PATH? */
bool run_exists(const char *name);

#endif
