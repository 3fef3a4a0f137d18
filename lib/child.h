/*
 * child - a program run in a process of its own, and the end of a process
 * that we have started.
 */
#ifndef LIB_CHILD_H
#define LIB_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/buffer.h"
#include "lib/jail.h"

/* A descriptor of ours, and its number in the program. */
struct child_fd {
	int ours, theirs;
};

struct child_program {
	const char *path; /* of the file: see child_find() */
	char *const *arguments;
	char *const *environment;
	/*
	 * Copied in this order: a copy may take the number of one of ours that
	 * was copied before. Other descriptors stay open in the program unless
	 * they are close-on-exec, or their number is close_from or more.
	 */
	const struct child_fd *fds;
	size_t fds_count;
	unsigned close_from; /* 0: none is closed besides */
};

/*
 * Runs the program in a process group of its own, with every signal's default
 * action and none blocked. Returns 0 with its process id; or the errno of the
 * call that failed, be it the exec, and there is no process. No other function
 * here returns an errno.
 */
int child_spawn(pid_t *pid, const struct child_program *program);

/*
 * Adds the path of a program, looked for in PATH as execvp() does when its
 * name has no slash. Returns 0, or -1 with errno.
 */
int child_find(struct buffer *path, const char *name);

/* A descriptor that is readable once the process has ended; -1 with errno. */
int child_open(pid_t pid);

/*
 * As waitpid(), for at most so many milliseconds (0: without waiting,
 * CLOCK_NEVER: for ever); a signal does not end the wait. Returns pid, 0 when
 * the process has not ended, or -1 with errno. status may be NULL.
 */
pid_t child_wait(pid_t pid, int *status, int64_t ms);

/*
 * Has a child that ended left octets in the pipe of which this is another
 * read end? True where that cannot be told.
 */
bool child_left_over(int read_fd);

/* Kills a process of child_spawn() and all others of its process group. */
void child_kill(pid_t pid);

/*
 * Kills a process that we forked and that is in its jail, and waits for its
 * end. isolate: its uid is another than ours; rights: those we have, and keep.
 */
void child_kill_jailed(pid_t pid, bool isolate, enum jail_rights rights);

#endif
