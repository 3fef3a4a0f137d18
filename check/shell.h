/*
 * shell - the commands of a run script, with their words as a shell would
 * have them: quotes, variables, redirections, `id -u NAME` and the like.
 * Nothing is executed; what only a shell could tell is marked by
 * VARIABLES_UNKNOWN.
 */
#ifndef CHECK_SHELL_H
#define CHECK_SHELL_H

#include <stdbool.h>
#include <stddef.h>

#define SHELL_WORDS_MAX 512 /* of one command */

struct shell {
	const char *at; /* what follows, ended by NUL */
	bool execline;	/* a line's end is a blank */
	bool in_case;	/* what is exported is so for some clients */
	char *words[SHELL_WORDS_MAX + 1];
	size_t count;
	/* of the word being read */
	char *start;
	bool started;
};

/*
 * The words of the next command, NULL at the end; without redirections and
 * words like "exec" and "then" in front. What it assigns counts for later
 * ones, what it exports is put into our environment, as are assignments in
 * front of it. Words live until the process ends. NULL: there is none.
 */
char **shell_next(struct shell *sh);

/* Is a word one of these, the last of which is NULL? */
bool shell_is_among(const char *const *words, const char *word);

#endif
