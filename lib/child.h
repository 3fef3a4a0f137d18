/*
 * child - a program run in a process of its own, and the end of a process
 * that we have started.
 */
#ifndef LIB_CHILD_H
#define LIB_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buffer.h"

/* A descriptor of ours, and its number in the program. */
struct child_fd {
	int ours, theirs;
};

struct child_program {
	const char *path; /* of the file: see child_find() */
	char *const *arguments;
	char *const *environment;
	/*
	 * Done in this order: a number that is one of ours may be theirs once
	 * it has been used. What is not named stays unless it is
	 * close-on-exec, or close_from or more.
	 */
	const struct child_fd *fds;
	size_t fds_count;
	unsigned close_from; /* 0: none is closed besides */
};

/*
 * Runs it in a process group of its own, with every signal's default action
 * and none blocked. Returns 0 with its process id, or the errno of what
 * failed, an exec too, and no process: the only function here whose result
 * is an errno.
 */
int child_spawn(pid_t *pid, const struct child_program *program);

/*
 * Adds the path of a program, looked for in PATH as execvp() does when its
 * name has no slash. Returns 0, or -1 with errno.
 */
int child_find(struct buffer *path, const char *name);

/* A descriptor that is readable once it has ended; -1 with errno. */
int child_open(pid_t pid);

/*
 * As waitpid(), for at most so many milliseconds (0: as it stands now,
 * CLOCK_NEVER: for ever), and again after a signal. Returns pid, 0 when it
 * has not ended, or -1 with errno. status may be NULL.
 */
pid_t child_wait(pid_t pid, int *status, int64_t ms);

/* Kills what child_spawn() has started, with what that has started itself. */
void child_kill(pid_t pid);

#endif
